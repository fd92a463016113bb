import { setImmediate } from 'node:timers/promises';
import { decodeLatents, isLarge, type TileOptions } from './autoencoder.ts';
import type { Batcher } from './batcher.ts';
import { type Conditioning, Denoiser } from './denoiser.ts';
import { enlargedShape, enlargeLatents, enlargePixels, latentsOfPixels } from './enlargement.ts';
import { EngineError } from './errors.ts';
import { encodeInit, type InitLatents, sampleInit } from './init-picture.ts';
import type { MemoryPlan } from './memory-plan.ts';
import type { Networks } from './networks.ts';
import { previewImage, toRgb } from './preview.ts';
import { wordsPastLimit } from './prompt/conditioning.ts';
import { readLoraTags } from './prompt/lora-tags.ts';
import { promptStages } from './prompt/schedule.ts';
import { singleRecipe, specOf } from './recipe.ts';
import { startScheduler } from './schedulers/index.ts';
import { startingNoise } from './starting-noise.ts';
import type {
  EngineTask,
  GenerationSpec,
  Latents,
  Phase,
  Picture,
  PictureRecipe,
  RgbImage,
  RunOptions,
  RunResult,
  TextReading,
  Timings,
  UpscaleTask,
} from './types.ts';

export interface PipelineOptions extends RunOptions {
  /** Shared with the other tasks that run now. */
  readonly batcher: Batcher;
  /** Previews come with every n-th step; 0 for none. */
  readonly previewEvery: number;
  readonly loadMs: number;
  readonly memory: MemoryPlan;
}

interface Text {
  readonly positive: Conditioning;
  readonly negative: Conditioning;
}
type Shape = readonly [channels: number, height: number, width: number];

/** Encode, denoise, decode: one task from its recipe to pictures. @throws EngineError `aborted` between steps. */
export async function runTask(networks: Networks, task: EngineTask, options: PipelineOptions): Promise<RunResult> {
  const run = new Run(networks, options);
  const pictures = task.kind === 'generate' ? await run.generate(task.spec) : await run.upscale(task);
  return { pictures, timings: run.timings, notes: [...run.notes] };
}

/** One task under way: where it stands, and what each part took. */
class Run {
  readonly #networks: Networks;
  readonly #options: PipelineOptions;
  readonly #stepMs: number[] = [];
  readonly notes = new Set<string>();
  /** Of the way just gone, as a person counts them. */
  #steps = 0;
  #textMs = 0;
  #decodeMs = 0;

  constructor(networks: Networks, options: PipelineOptions) {
    this.#networks = networks;
    this.#options = options;
  }

  get timings(): Timings {
    return {
      loadMs: this.#options.loadMs,
      textMs: this.#textMs,
      stepMs: this.#stepMs,
      decodeMs: this.#decodeMs,
    };
  }

  async generate(spec: GenerationSpec): Promise<Picture[]> {
    const recipes = Array.from({ length: spec.count }, (_, i) => singleRecipe(spec, i));
    const latents = await this.#generateLatents(recipes.map(specOf));
    return this.#decode(latents, recipes);
  }

  async upscale(task: UpscaleTask): Promise<Picture[]> {
    const source = this.#options.sourceLatents ?? (await this.#latentsOf(task.source));
    const latents = await this.#enlarge(task, source);
    // Plain enlargement shows the pixels themselves, which the VAE would blur.
    const picture = isPlain(task)
      ? enlargePixels(await this.#pixelsOf(source), latents.shape, this.#networks.folder.vaeFactor)
      : await this.#pixelsOf(latents);
    return [await this.#judged({ ...picture, recipe: task, latents })];
  }

  /** A picture's final latents, made again from its recipe. */
  async #latentsOf(recipe: PictureRecipe): Promise<Latents> {
    if (recipe.kind === 'upscale') return this.#enlarge(recipe, await this.#latentsOf(recipe.source));
    const [latents] = await this.#generateLatents([recipe.spec]);
    if (latents === undefined) throw new Error('one recipe makes one picture');
    return latents;
  }

  async #generateLatents(specs: readonly GenerationSpec[]): Promise<Latents[]> {
    const [first] = specs;
    if (first === undefined) return [];
    const shape = this.#latentShape(first.width, first.height);
    const text = await this.#encode(first);
    const tiles = this.#tiles('encoding');
    const init = first.init && (await encodeInit(this.#networks, first, this.#options.init, shape, tiles));
    return this.#denoise(
      specs.map((spec) => this.#denoiser(spec, shape, text, init)),
      shape,
    );
  }

  #denoiser(spec: GenerationSpec, shape: Shape, text: Text, init: InitLatents | undefined): Denoiser {
    const { folder } = this.#networks;
    const strength = spec.init?.strength ?? 1;
    const { scheduler, begin } = startScheduler(spec.sampler, folder.scheduler, spec.steps, startOf(spec, strength));
    const { noise, posterior, fresh } = startingNoise(spec, shape, folder.vaeFactor);
    const { guidance, guidanceRescale } = spec;
    const options = { scheduler, begin, ...text, guidance, guidanceRescale, noise: fresh };
    const latents = init && posterior && sampleInit(init, posterior);
    const kept = keepOutside(init?.mask, latents, noise);
    // Inpainting of full strength begins from pure noise: what lies outside the mask is put back all the same.
    if (latents === undefined || (init?.mask !== undefined && strength === 1)) {
      return new Denoiser({ ...options, ...kept, sample: noise.map((value) => value * scheduler.initNoiseSigma) });
    }
    const sample = begin < scheduler.timesteps.length ? scheduler.addNoise(latents, noise, begin) : latents;
    return new Denoiser({ ...options, ...kept, sample });
  }

  /** Of plain enlargements, too: what a further enlargement begins from. */
  async #enlarge(task: UpscaleTask, source: Latents): Promise<Latents> {
    const { factor, strength, mode = 'bilinear' } = task;
    const shape = enlargedShape(source.shape, factor);
    if (mode !== 'lanczos' || isPlain(task)) {
      const enlarged = enlargeLatents(source, shape, mode === 'lanczos' ? 'bicubic' : mode);
      return this.#refine(specOf(task), enlarged, strength);
    }
    const pixels = enlargePixels(await this.#pixelsOf(source), shape, this.#networks.folder.vaeFactor);
    const enlarged = await latentsOfPixels(this.#networks, pixels, this.#tiles('encoding'));
    return this.#refine(specOf(task), enlarged, strength);
  }

  /** Draws the last part of the schedule again, over latents that were enlarged. */
  async #refine(spec: GenerationSpec, enlarged: Latents, strength: number): Promise<Latents> {
    const { folder } = this.#networks;
    const { shape, data } = enlarged;
    const { scheduler, begin } = startScheduler(spec.sampler, folder.scheduler, spec.steps, startOf(spec, strength));
    if (begin >= scheduler.timesteps.length) return enlarged;

    const text = await this.#encode(spec);
    const { init: _, ...withoutInit } = spec;
    const { noise, fresh } = startingNoise({ ...withoutInit, variations: [] }, shape, folder.vaeFactor);
    const sample = scheduler.addNoise(data, noise, begin);
    const { guidance, guidanceRescale } = spec;
    const denoiser = new Denoiser({ scheduler, begin, sample, ...text, guidance, guidanceRescale, noise: fresh });
    const [latents] = await this.#denoise([denoiser], shape);
    if (latents === undefined) throw new Error('one denoiser makes one picture');
    return latents;
  }

  async #encode(spec: GenerationSpec): Promise<Text> {
    await this.#pause('encoding', 0, 0);
    const began = performance.now();
    const positive = await this.#condition(readLoraTags(spec.prompt).text, 'prompt', spec);
    const negative = spec.guidance > 1 ? await this.#condition(spec.negative, 'negative prompt', spec) : positive;
    this.#textMs += performance.now() - began;
    return { positive, negative };
  }

  async #condition(prompt: string, what: string, spec: GenerationSpec): Promise<Conditioning> {
    const reading: TextReading = { syntax: spec.syntax ?? 'a1111', clipSkip: spec.clipSkip ?? 1 };
    if (reading.syntax === 'plain') this.#noteLoss(wordsPastLimit(prompt, this.#networks.tokens), what);
    const stages =
      reading.syntax === 'a1111' ? promptStages(prompt, spec.steps) : [{ endStep: spec.steps, text: prompt }];
    const encoded = new Map<string, Float32Array>();
    for (const { text } of stages) {
      if (!encoded.has(text)) encoded.set(text, await this.#networks.encodeText(text, reading));
    }
    return stages.map(({ endStep, text }) => ({ endStep, context: encoded.get(text) ?? new Float32Array() }));
  }

  #noteLoss(words: string, what: string): void {
    if (words === '') return;
    this.notes.add(`The ${what} is longer than the model reads; left out: ${words}`);
  }

  async #denoise(denoisers: readonly Denoiser[], shape: Shape): Promise<Latents[]> {
    const [leader] = denoisers;
    if (leader === undefined) return [];
    await this.#options.batcher.denoise({
      networks: this.#networks,
      denoisers,
      shape,
      maxRows: this.#options.memory.maxRows,
      beforeStep: async () => {
        const { step, steps } = leader.progress;
        await this.#pause('denoising', step, steps, await this.#previews(denoisers, shape));
      },
      refuseCancelled: () => this.#refuseCancelled(),
      afterStep: (durationMs) => this.#stepMs.push(durationMs),
    });
    this.#steps = leader.progress.steps;
    return denoisers.map((denoiser) => ({ shape, data: denoiser.sample }));
  }

  /** Pictures are decoded one by one: the decoder's memory grows with the batch, its speed does not. */
  async #decode(latents: readonly Latents[], recipes: readonly PictureRecipe[]): Promise<Picture[]> {
    const pictures: Picture[] = [];
    for (const [i, recipe] of recipes.entries()) {
      const one = latents[i];
      if (one === undefined) throw new Error('every recipe has its latents');
      pictures.push(await this.#judged({ ...(await this.#pixelsOf(one)), recipe, latents: one }));
    }
    return pictures;
  }

  async #pixelsOf(latents: Latents): Promise<RgbImage> {
    const began = performance.now();
    const { data, shape } = await decodeLatents(this.#networks, latents, this.#tiles('decoding'));
    this.#decodeMs += performance.now() - began;
    refuseNotNumbers(data);
    return toRgb(data, shape[2], shape[1]);
  }

  /** Black instead of what the model's safety checker objects to. */
  async #judged(picture: Picture): Promise<Picture> {
    const { safety = true } = specOf(picture.recipe);
    if (!safety || !(await this.#networks.isUnsafe(picture))) return picture;
    this.notes.add("The model's safety checker withheld a picture; another seed or prompt may pass.");
    return { ...picture, rgb: new Uint8Array(picture.rgb.length), withheld: true };
  }

  async #previews(denoisers: readonly Denoiser[], shape: Shape): Promise<readonly RgbImage[] | undefined> {
    const { previewEvery, onProgress } = this.#options;
    const step = denoisers[0]?.progress.step ?? 0;
    if (onProgress === undefined || previewEvery < 1 || step === 0 || step % previewEvery !== 0) return undefined;
    const previews: RgbImage[] = [];
    for (const { estimate } of denoisers) {
      if (estimate !== undefined) previews.push(await this.#preview(estimate, shape));
    }
    return previews;
  }

  /** By the Tiny AutoEncoder where the model has one and the picture is not too large for it, else a pixel a latent. */
  async #preview(estimate: Float32Array, shape: Shape): Promise<RgbImage> {
    const { folder } = this.#networks;
    const tiny = isLarge(shape, folder.vaeFactor) ? undefined : await this.#networks.decodeTiny(estimate, shape);
    if (tiny === undefined) return previewImage(folder, estimate, shape);
    return toRgb(tiny.data, tiny.shape[3] ?? 0, tiny.shape[2] ?? 0);
  }

  #tiles(phase: Phase): TileOptions {
    const steps = phase === 'decoding' ? this.#steps : 0;
    const { wholePixels } = this.#options.memory;
    return { wholePixels, beforeTile: () => this.#pause(phase, steps, steps) };
  }

  /** Tells how far it is, lets messages in, and ends here when it was aborted. */
  async #pause(phase: Phase, step: number, steps: number, previews?: readonly RgbImage[]): Promise<void> {
    const { onProgress } = this.#options;
    onProgress?.({ phase, step, steps, ...(previews === undefined ? {} : { previews }) });
    await setImmediate();
    this.#refuseCancelled();
  }

  #refuseCancelled(): void {
    if (this.#options.signal?.aborted === true) throw new EngineError('aborted', 'The picture was cancelled.');
  }

  #latentShape(width: number, height: number): Shape {
    const { vae, vaeFactor } = this.#networks.folder;
    if (width % vaeFactor !== 0 || height % vaeFactor !== 0) {
      throw new EngineError('bad_request', `This model needs sides that are multiples of ${vaeFactor}.`);
    }
    return [vae.latent_channels, height / vaeFactor, width / vaeFactor];
  }
}

/** The step to begin with when only a share of them is to be run. */
function startOf({ steps }: GenerationSpec, strength: number): number {
  return steps - Math.min(Math.floor(steps * strength), steps);
}

/** Pixels enlarged, and nothing drawn anew. */
function isPlain({ mode, strength }: UpscaleTask): boolean {
  return mode === 'lanczos' && strength === 0;
}

function keepOutside(mask: Float32Array | undefined, latents: Float32Array | undefined, noise: Float32Array) {
  return mask === undefined || latents === undefined ? {} : { keep: { mask, latents, noise } };
}

function refuseNotNumbers(planes: Float32Array): void {
  if (planes.every(Number.isFinite)) return;
  throw new EngineError(
    'internal',
    'The model gave a picture that is not numbers; its weights may be damaged, or the guidance too high.',
  );
}
