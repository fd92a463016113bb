import type { GenerationSpec } from '../../engine/index.ts';
import type { MessageRef } from './channel.ts';

/** Pictures on somebody's message that no job is kept for, as their files describe them: one of them is to be chosen. */
export interface FoundPictures {
  readonly message: MessageRef;
  readonly pictures: readonly FoundPicture[];
  /** Milliseconds since the epoch. */
  readonly foundAt: number;
}

export interface FoundPicture {
  readonly spec: GenerationSpec;
  /** What is other than its file says. */
  readonly notes: readonly string[];
}

/** Which of them: from 0. */
export interface FoundChoice {
  readonly foundId: string;
  readonly index: number;
}

const ID = /^found:v1:([0-9a-z]{1,64}):(0|[1-9]\d?)$/;

/** `found:v1:<id>:<index>`. @throws RangeError when it could not be decoded again */
export function encodeFoundChoice({ foundId, index }: FoundChoice): string {
  const id = `found:v1:${foundId}:${index}`;
  if (!ID.test(id)) throw new RangeError(`not a choice: ${id}`);
  return id;
}

/** Undefined for anything that `encodeFoundChoice` did not write. */
export function decodeFoundChoice(id: string): FoundChoice | undefined {
  const [, foundId, index] = ID.exec(id) ?? [];
  return foundId === undefined ? undefined : { foundId, index: Number(index) };
}
