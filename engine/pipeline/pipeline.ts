import { setImmediate } from 'node:timers/promises';
import { refuseAborted } from '../abort.ts';
import type { Phase, RunOptions, RunResult, Timings } from '../engine.ts';
import { EngineError } from '../errors.ts';
import type { Decoder, GenerationSpec } from '../generation-spec.ts';
import type { MemoryPlan } from '../memory/memory-plan.ts';
import { isInpainting, type Model, samplerNote } from '../model/model.ts';
import { decodeLatents, type TileOptions } from '../networks/autoencoder.ts';
import type { Networks } from '../networks/networks.ts';
import type { InitPicture, Latents, Picture, RgbImage } from '../picture.ts';
import { singleRecipe, specOf, upscaleOf } from '../spec/recipe.ts';
import type { EngineTask, PictureRecipe, UpscaleTask } from '../task.ts';
import type { UpscaleSettings } from '../upscale-settings.ts';
import type { Batcher } from './batcher.ts';
import type { Denoiser } from './denoiser.ts';
import { encodeInit, encodeSurroundings, type Surroundings } from './init-picture.ts';
import { PassCounter, passesOf } from './passes.ts';
import { preview, toRgb } from './preview.ts';
import { hasDenoisingSteps, startPicture, startRefinement } from './start-denoising.ts';
import { type EncodedPrompts, encodePrompts } from './text.ts';
import {
  type Enlarge,
  latentsOfPixels,
  upscaleByModel,
  upscaledShape,
  upscaleLatents,
  upscalePixels,
} from './upscale.ts';

export interface PipelineOptions extends RunOptions {
  /** Shared with the other tasks that run now. */
  readonly batcher: Batcher;
  /** Previews come with every n-th step; 0 for none. */
  readonly previewEvery: number;
  readonly loadMs: number;
  readonly memory: MemoryPlan;
  readonly enlarge: Enlarge;
  /** Where timesteps begin, in place of what the model's scheduler says: a LoRA for few steps may need that. */
  readonly spacing?: 'trailing';
}

type Shape = readonly [channels: number, height: number, width: number];

/** Encode, denoise, decode: one task from its recipe to pictures. @throws EngineError `aborted` between steps. */
export async function runTask(networks: Networks, task: EngineTask, options: PipelineOptions): Promise<RunResult> {
  const run = new Run(networks, options, passesOf(task, options.sourceLatents !== undefined));
  const note = samplerNote(networks.model);
  if (note !== undefined && specOf(task).sampler === networks.model.sampler.name) run.notes.add(note);
  const pictures = task.kind === 'generate' ? await run.generate(task.spec) : await run.upscale(task);
  return { pictures, timings: run.timings, notes: [...run.notes] };
}

/** One task under way: where it stands, and what each part took. */
class Run {
  readonly #networks: Networks;
  readonly #options: PipelineOptions;
  readonly #stepMs: number[] = [];
  readonly notes = new Set<string>();
  readonly #passes: PassCounter;
  /** Of the spec at the task's root, which all its passes follow. */
  #text: EncodedPrompts | undefined;
  /** The step of the newest previews. */
  #previewed = 0;
  #textMs = 0;
  #decodeMs = 0;

  constructor(networks: Networks, options: PipelineOptions, passes: readonly number[]) {
    this.#networks = networks;
    this.#options = options;
    this.#passes = new PassCounter(passes);
  }

  get timings(): Timings {
    return {
      loadMs: this.#options.loadMs,
      textMs: this.#textMs,
      stepMs: this.#stepMs,
      decodeMs: this.#decodeMs,
    };
  }

  /** With the scheduler that the task's LoRAs ask for. */
  get #model(): Model {
    const { model } = this.#networks;
    const { spacing } = this.#options;
    return spacing === undefined ? model : { ...model, scheduler: { ...model.scheduler, timestep_spacing: spacing } };
  }

  async generate(spec: GenerationSpec): Promise<Picture[]> {
    const recipes = Array.from({ length: spec.count }, (_, i) => singleRecipe(spec, i));
    const specs = recipes.map(specOf);
    const sources = await this.#draw(specs);
    const finals = spec.hires === undefined ? sources : await this.#enlarge(specs, spec.hires, sources);
    return this.#show(recipes, sources, finals);
  }

  async upscale(task: UpscaleTask): Promise<Picture[]> {
    const source = this.#options.sourceLatents ?? (await this.#latentsOf(task.source));
    return this.#show([task], [source], await this.#enlarge([specOf(task)], task, [source]));
  }

  /** A picture's final latents, made again from its recipe. */
  async #latentsOf(recipe: PictureRecipe): Promise<Latents> {
    const spec = specOf(recipe);
    const sources = recipe.kind === 'upscale' ? [await this.#latentsOf(recipe.source)] : await this.#draw([spec]);
    const upscale = upscaleOf(recipe);
    const [latents] = upscale === undefined ? sources : await this.#enlarge([spec], upscale, sources);
    if (latents === undefined) throw new Error('one recipe makes one picture');
    return latents;
  }

  /** The first pass. @param specs which differ in their seeds alone */
  async #draw(specs: readonly GenerationSpec[]): Promise<Latents[]> {
    const [first] = specs;
    if (first === undefined) return [];
    const shape = this.#latentShape(first.width, first.height);
    const text = await this.#encode(first);
    const tiles = this.#tiles('encoding');
    const init = first.init && (await encodeInit(this.#networks, first, this.#options.init, shape, tiles));
    const surroundings = await this.#surroundings(shape, first.init && this.#options.init);
    this.#noteIdleness(first);
    return this.#denoise(
      specs.map((spec) => startPicture(this.#model, spec, shape, text, { init, surroundings })),
      shape,
    );
  }

  /** Undefined for a model that is told nothing of what lies around a mask. */
  async #surroundings(shape: Shape, picture: InitPicture | undefined): Promise<Surroundings | undefined> {
    if (!isInpainting(this.#networks.model)) return undefined;
    return encodeSurroundings(this.#networks, picture, shape, this.#tiles('encoding'));
  }

  #noteIdleness(spec: GenerationSpec): void {
    const { steps, init: { strength } = { strength: 1 } } = spec;
    if (strength === 0 || hasDenoisingSteps(spec, strength)) return;
    this.notes.add(
      `A strength of ${strength} is less than one of ${steps} steps, so the picture did not change; use a higher strength.`,
    );
  }

  /** A pass over pictures that are there. Of plain enlargements, too: what a further one begins from. */
  async #enlarge(
    specs: readonly GenerationSpec[],
    by: UpscaleSettings,
    sources: readonly Latents[],
  ): Promise<readonly Latents[]> {
    const enlarged: Latents[] = [];
    const [first] = specs;
    for (const source of sources) enlarged.push(await this.#enlargeOne(by, source, first?.decoder));
    const [shape] = enlarged.map((latents) => latents.shape);
    if (first === undefined || shape === undefined || !hasDenoisingSteps(first, by.strength)) return enlarged;
    const text = await this.#encode(first);
    const surroundings = await this.#surroundings(shape, undefined);
    const denoisers = specs.flatMap((spec, i) => {
      const latents = enlarged[i];
      if (latents === undefined) return [];
      return startRefinement(this.#model, spec, latents, by.strength, text, surroundings);
    });
    return this.#denoise(denoisers, shape);
  }

  async #enlargeOne(by: UpscaleSettings, source: Latents, decoder: Decoder | undefined): Promise<Latents> {
    const { factor, mode = 'bilinear' } = by;
    const shape = upscaledShape(source.shape, factor);
    if (mode !== 'lanczos' || isPlain(by)) {
      return upscaleLatents(source, shape, mode === 'lanczos' ? 'bicubic' : mode);
    }
    const pixels = await this.#upscaled(await this.#pixelsOf(source, decoder), shape, by.upscaler);
    return latentsOfPixels(this.#networks, pixels, this.#tiles('encoding'));
  }

  /** @param upscaler model, where one is asked for */
  async #upscaled(picture: RgbImage, shape: Shape, upscaler: string | undefined): Promise<RgbImage> {
    const { vaeFactor } = this.#networks.model;
    if (upscaler === undefined) return upscalePixels(picture, shape, vaeFactor);
    const { enlarge } = this.#options;
    return upscaleByModel(picture, shape, vaeFactor, (smaller) =>
      enlarge(upscaler, smaller, () => this.#pause('decoding')),
    );
  }

  async #encode(spec: GenerationSpec): Promise<EncodedPrompts> {
    if (this.#text !== undefined) return this.#text;
    const began = performance.now();
    this.#text = await encodePrompts(this.#networks, spec, () => this.#pause('encoding'));
    this.#textMs += performance.now() - began;
    for (const note of this.#text.notes) this.notes.add(note);
    return this.#text;
  }

  async #denoise(denoisers: readonly Denoiser[], shape: Shape): Promise<Latents[]> {
    const [leader] = denoisers;
    if (leader === undefined) return [];
    this.#previewed = 0;
    this.#passes.begin(leader.progress.steps);
    await this.#options.batcher.denoise({
      networks: this.#networks,
      denoisers,
      shape,
      maxRows: this.#options.memory.maxRows,
      beforeStep: async () => {
        await this.#pause('denoising', leader.progress.step, await this.#previews(denoisers, shape));
      },
      refuseCancelled: () => this.#refuseCancelled(),
      afterStep: (durationMs) => this.#stepMs.push(durationMs),
    });
    this.#passes.end();
    return denoisers.map((denoiser) => ({ shape, data: denoiser.sample }));
  }

  /** Pictures are decoded one by one: the decoder's memory grows with the batch, its speed does not. */
  async #show(
    recipes: readonly PictureRecipe[],
    sources: readonly Latents[],
    finals: readonly Latents[],
  ): Promise<Picture[]> {
    const pictures: Picture[] = [];
    for (const [i, recipe] of recipes.entries()) {
      const [source, latents] = [sources[i], finals[i]];
      if (source === undefined || latents === undefined) throw new Error('every recipe has its latents');
      const { decoder } = specOf(recipe);
      // Plain enlargement shows the pixels themselves, which the VAE would blur.
      const picture = isPlain(upscaleOf(recipe))
        ? await this.#upscaled(await this.#pixelsOf(source, decoder), latents.shape, upscaleOf(recipe)?.upscaler)
        : await this.#pixelsOf(latents, decoder);
      pictures.push(await this.#judged({ ...picture, recipe, latents }));
    }
    return pictures;
  }

  async #pixelsOf(latents: Latents, decoder: Decoder | undefined): Promise<RgbImage> {
    const began = performance.now();
    const { data, shape } = await decodeLatents(this.#networks, latents, { ...this.#tiles('decoding'), decoder });
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
    // A step of Heun's is two calls, of which only the first has something new to show.
    if (step === this.#previewed) return undefined;
    this.#previewed = step;
    const previews: RgbImage[] = [];
    for (const { estimate } of denoisers) {
      if (estimate !== undefined) previews.push(await preview(this.#networks, estimate, shape));
    }
    return previews;
  }

  #tiles(phase: Phase): TileOptions {
    const { wholePixels } = this.#options.memory;
    return { wholePixels, beforeTile: () => this.#pause(phase) };
  }

  /** Tells how far it is, lets messages in, and ends here when it was aborted. @param step of the present pass */
  async #pause(phase: Phase, step = 0, previews?: readonly RgbImage[]): Promise<void> {
    const { onProgress } = this.#options;
    onProgress?.({ phase, ...this.#passes.at(step), ...(previews === undefined ? {} : { previews }) });
    await setImmediate();
    this.#refuseCancelled();
  }

  #refuseCancelled(): void {
    refuseAborted(this.#options.signal);
  }

  #latentShape(width: number, height: number): Shape {
    const { vae, vaeFactor } = this.#networks.model;
    return [vae.latent_channels, height / vaeFactor, width / vaeFactor];
  }
}

/** Pixels enlarged, and nothing drawn again. */
function isPlain(by: UpscaleSettings | undefined): boolean {
  return by?.mode === 'lanczos' && by.strength === 0;
}

function refuseNotNumbers(planes: Float32Array): void {
  if (planes.every(Number.isFinite)) return;
  throw new EngineError(
    'internal',
    'The model produced values that are not numbers (NaN); its weights may be damaged, or the guidance is too high.',
  );
}
