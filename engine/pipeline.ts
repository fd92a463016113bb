import { setImmediate } from 'node:timers/promises';
import { refuseAborted } from './aborting.ts';
import { decodeLatents, type TileOptions } from './autoencoder.ts';
import type { Batcher } from './batcher.ts';
import { beginPicture, beginRefinement, drawsAnew } from './beginning.ts';
import type { Denoiser } from './denoiser.ts';
import { enlargedShape, enlargeLatents, enlargePixels, latentsOfPixels } from './enlargement.ts';
import { EngineError } from './errors.ts';
import { encodeInit } from './init-picture.ts';
import type { MemoryPlan } from './memory-plan.ts';
import type { Networks } from './networks.ts';
import { preview, toRgb } from './preview.ts';
import { singleRecipe, specOf } from './recipe.ts';
import { encodeTexts, type Text } from './text.ts';
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
  /** The step of the newest previews. */
  #previewed = 0;
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
    this.#noteIdleness(first);
    return this.#denoise(
      specs.map((spec) => beginPicture(this.#networks.folder, spec, shape, text, init)),
      shape,
    );
  }

  #noteIdleness(spec: GenerationSpec): void {
    const { steps, init: { strength } = { strength: 1 } } = spec;
    if (strength === 0 || drawsAnew(spec, strength)) return;
    this.notes.add(`A strength of ${strength} is less than one of ${steps} steps: nothing was drawn anew.`);
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
    if (!drawsAnew(spec, strength)) return enlarged;
    const text = await this.#encode(spec);
    const denoiser = beginRefinement(this.#networks.folder, spec, enlarged, strength, text);
    const [latents] = await this.#denoise([denoiser], enlarged.shape);
    if (latents === undefined) throw new Error('one denoiser makes one picture');
    return latents;
  }

  async #encode(spec: GenerationSpec): Promise<Text> {
    const began = performance.now();
    const text = await encodeTexts(this.#networks, spec, () => this.#pause('encoding', 0, 0));
    this.#textMs += performance.now() - began;
    for (const note of text.notes) this.notes.add(note);
    return text;
  }

  async #denoise(denoisers: readonly Denoiser[], shape: Shape): Promise<Latents[]> {
    const [leader] = denoisers;
    if (leader === undefined) return [];
    this.#previewed = 0;
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
    refuseAborted(this.#options.signal);
  }

  #latentShape(width: number, height: number): Shape {
    const { vae, vaeFactor } = this.#networks.folder;
    return [vae.latent_channels, height / vaeFactor, width / vaeFactor];
  }
}

/** Pixels enlarged, and nothing drawn anew. */
function isPlain({ mode, strength }: UpscaleTask): boolean {
  return mode === 'lanczos' && strength === 0;
}

function refuseNotNumbers(planes: Float32Array): void {
  if (planes.every(Number.isFinite)) return;
  throw new EngineError(
    'internal',
    'The model gave a picture that is not numbers; its weights may be damaged, or the guidance too high.',
  );
}
