import { EngineError } from '../errors.ts';
import type { SchedulerConfig } from './config.ts';

/** What training fixed: how much of the picture is left at each training timestep. */
export interface NoiseSchedule {
  readonly betas: Float64Array;
  /** ᾱ(t) = Π (1 − β): the share of signal variance, [num_train_timesteps]. */
  readonly alphasCumprod: Float64Array;
  /** σ(t) = √((1 − ᾱ)/ᾱ), the noise per unit of signal, ascending; infinite where nothing is left of the picture. */
  readonly sigmas: Float64Array;
}

/**
 * What a sampler does about `rescale_betas_zero_snr`: diffusers' older classes do not know it, those that work in ᾱ
 * take it as it is, and those that work in σ keep the last ᾱ above zero.
 */
export type ZeroSnr = 'unknown' | 'exact' | 'floored';

/** diffusers computes betas in float32; so does this, since samplers divide by differences of them. */
const f32 = Math.fround;
/** The ᾱ at which samplers in σ stop short of zero: σ = 4096. */
const LEAST_ALPHA = 2 ** -24;

/** @throws EngineError `unknown_scheduler` for a beta schedule that no v1 model uses. */
export function noiseSchedule(config: SchedulerConfig, zeroSnr: ZeroSnr = 'unknown'): NoiseSchedule {
  const rescaled = config.rescale_betas_zero_snr && zeroSnr !== 'unknown';
  const betas = rescaled ? zeroTerminalSnr(trainingBetas(config)) : trainingBetas(config);
  const alphasCumprod = cumulativeAlphas(betas);
  if (rescaled && zeroSnr === 'floored') alphasCumprod[alphasCumprod.length - 1] = LEAST_ALPHA;
  const sigmas = alphasCumprod.map((alpha) => Math.sqrt((1 - alpha) / alpha));
  return { betas, alphasCumprod, sigmas };
}

function cumulativeAlphas(betas: Float64Array): Float64Array {
  let product = 1;
  return betas.map((beta) => {
    product *= f32(1 - beta);
    return f32(product);
  });
}

/** √ᾱ shifted and stretched so that it ends in zero and begins where it began: Lin et al. 2023, algorithm 1. */
function zeroTerminalSnr(betas: Float64Array): Float64Array {
  const roots = cumulativeAlphas(betas).map((alpha) => f32(Math.sqrt(alpha)));
  const [first, last] = [roots[0] ?? 1, roots.at(-1) ?? 0];
  const stretch = f32(first / f32(first - last));
  const alphas = roots.map((root) => f32(f32(f32(root - last) * stretch) ** 2));
  return alphas.map((alpha, i) => f32(1 - (i === 0 ? alpha : f32(alpha / (alphas[i - 1] ?? 1)))));
}

function trainingBetas(config: SchedulerConfig): Float64Array {
  const { beta_start: start, beta_end: end, num_train_timesteps: n, trained_betas: trained } = config;
  if (trained !== null && trained !== undefined) return Float64Array.from(trained, f32);
  switch (config.beta_schedule) {
    case 'linear':
      return torchLinspace(start, end, n);
    case 'scaled_linear':
      return torchLinspace(Math.sqrt(start), Math.sqrt(end), n).map((root) => f32(root ** 2));
    case 'squaredcos_cap_v2':
      return squaredCosine(n);
    default:
      throw new EngineError(
        'unknown_scheduler',
        `The scheduler's beta_schedule "${config.beta_schedule}" is not known; Easel supports linear, scaled_linear and squaredcos_cap_v2.`,
        { beta_schedule: config.beta_schedule },
      );
  }
}

/** Nichol & Dhariwal 2021, equation 17, each beta at most 0.999. */
function squaredCosine(n: number): Float64Array {
  const alphaBar = (t: number) => Math.cos((((t + 0.008) / 1.008) * Math.PI) / 2) ** 2;
  return Float64Array.from({ length: n }, (_, i) => f32(Math.min(1 - alphaBar((i + 1) / n) / alphaBar(i / n), 0.999)));
}

/**
 * `torch.linspace` in float32, digit for digit: each half is counted from its own end, and each value rounded once
 * (a fused multiply-add). The last digit of σ decides where on its Brownian path DPM++ SDE looks.
 */
function torchLinspace(start: number, end: number, n: number): Float64Array {
  const [first, last] = [f32(start), f32(end)];
  const step = n > 1 ? f32(f32(last - first) / (n - 1)) : 0;
  const half = Math.floor(n / 2);
  return Float64Array.from({ length: n }, (_, i) => f32(i < half ? first + step * i : last - step * (n - 1 - i)));
}

/** n values from start to end, both included. */
export function linspace(start: number, end: number, n: number): Float64Array {
  const step = n > 1 ? (end - start) / (n - 1) : 0;
  return Float64Array.from({ length: n }, (_, i) => (i === n - 1 && n > 1 ? end : start + i * step));
}

/** Linear interpolation in a table by fractional index, held at its ends. */
export function interpolate(table: Float64Array, index: number): number {
  const last = table.length - 1;
  const at = Math.min(Math.max(index, 0), last);
  const low = Math.floor(at);
  const a = table[low] ?? 0;
  const b = table[Math.min(low + 1, last)] ?? a;
  return at === low ? a : a + (b - a) * (at - low);
}
