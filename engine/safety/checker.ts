import { join } from 'node:path';
import { clipVisionGraph } from '../graph/clip-vision.ts';
import { readConfig } from '../model/config-file.ts';
import { safetyConfigSchema } from '../model/safety-config.ts';
import type { RgbImage } from '../picture.ts';
import { graphTargetFor, type NetworkOptions } from '../providers/options.ts';
import type { OpenSession } from '../session/session-swapper.ts';
import { readTensor } from '../weights/tensor-data.ts';
import { WeightSet } from '../weights/weight-set.ts';
import { readTensors, type WeightSource } from '../weights/weight-source.ts';
import { type Concepts, isUnsafe } from './concepts.ts';
import { clipPixels } from './preprocess.ts';

/** The v1 models' own judge of finished pictures (diffusers `StableDiffusionSafetyChecker`). */
export interface SafetyChecker {
  isUnsafe(picture: RgbImage): Promise<boolean>;
  /** The picture's CLIP embedding, for tests. */
  embed(picture: RgbImage): Promise<Float32Array>;
  close(): Promise<void>;
}

/**
 * @param place `safety_checker` of a model in diffusers layout, and its weights
 * @throws EngineError naming the file that is missing or does not fit
 */
export async function openSafetyChecker(
  place: WeightSource & { readonly folder: string },
  open: OpenSession,
  options: NetworkOptions,
): Promise<SafetyChecker> {
  const config = await readConfig(join(place.folder, 'config.json'), safetyConfigSchema);
  const weights = new WeightSet(await readTensors(place), place.file);
  const concepts = await readConcepts(weights, 'concept_embeds', config.projection_dim);
  const specialCare = await readConcepts(weights, 'special_care_embeds', config.projection_dim);
  const target = graphTargetFor(weights, options);
  const graph = clipVisionGraph(config.vision_config, config.projection_dim, weights, target);
  const session = await open(graph);
  const side = config.vision_config.image_size;

  async function embed(picture: RgbImage): Promise<Float32Array> {
    const { data } = await session.run({
      pixel_values: { data: clipPixels(picture, side), shape: [1, 3, side, side] },
    });
    return data;
  }

  return {
    embed,
    isUnsafe: async (picture) => isUnsafe(await embed(picture), concepts, specialCare),
    close: () => session.close(),
  };
}

async function readConcepts(weights: WeightSet, name: string, width: number): Promise<Concepts> {
  const count = weights.all().find((ref) => ref.name === name)?.shape[0] ?? 0;
  const embeddings = await readTensor(weights.tensor(name, [count, width]));
  const thresholds = await readTensor(weights.tensor(`${name}_weights`, [count]));
  return {
    embeddings: Array.from({ length: count }, (_, i) => embeddings.slice(i * width, (i + 1) * width)),
    thresholds: [...thresholds],
  };
}
