import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { z } from 'zod';
import { EngineError } from '../errors.ts';

/** Large models' indices have a few hundred kilobytes. */
export const MAX_INDEX_BYTES = 16 << 20;
const MAX_SHARDS = 1000;

const indexSchema = z.object({ weight_map: z.record(z.string(), z.string()) });

/**
 * The shards that a `.safetensors.index.json` lists, in order of their names.
 * @returns names of files in the index's own folder
 * @throws EngineError `corrupt_file` when it is no such index, or a name leads out of its folder
 */
export async function readShardIndex(file: string): Promise<readonly string[]> {
  const name = basename(file);
  const refuse = (what: string, cause?: unknown) =>
    new EngineError('corrupt_file', `The shard index ${name} ${what}; download it again.`, { file }, cause);
  const { size } = await stat(file);
  if (size > MAX_INDEX_BYTES) throw refuse(`has ${size} bytes, but the limit is ${MAX_INDEX_BYTES}`);
  let json: unknown;
  try {
    json = JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw refuse('is not JSON', cause);
  }
  const parsed = indexSchema.safeParse(json);
  if (!parsed.success) throw refuse('has no weight_map from tensors to files');
  const shards = [...new Set(Object.values(parsed.data.weight_map))].sort();
  const strange = shards.find((shard) => !/^[\w.-]+\.safetensors$/.test(shard) || shard.startsWith('.'));
  if (strange !== undefined)
    throw refuse(`names "${strange.slice(0, 80)}", which is not a safetensors file in its folder`);
  if (shards.length === 0 || shards.length > MAX_SHARDS) {
    throw refuse(`names ${shards.length} files, but must name 1 to ${MAX_SHARDS}`);
  }
  return shards;
}
