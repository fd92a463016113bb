import { createHash } from 'node:crypto';
import type { EngineTask } from '../../engine/index.ts';

/**
 * The same for tasks that draw the same pictures: SHA-256, in hexadecimal, of the task as JSON with its keys in order.
 * A model, LoRA or embedding counts by its name: another file under the same name gives the same digest.
 */
export function taskDigest(task: EngineTask): string {
  return createHash('sha256').update(JSON.stringify(task, inOrder)).digest('hex');
}

function inOrder(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
