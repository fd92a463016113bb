import type { GenerationSpec } from '../../engine/index.ts';
import type { MessageRef } from './channel.ts';

/** Pictures on somebody's message that no job is kept for, as their files describe them: one of them is to be chosen. */
export interface RecipeCandidates {
  readonly message: MessageRef;
  readonly pictures: readonly RecipeCandidate[];
  /** Milliseconds since the epoch. */
  readonly foundAt: number;
}

export interface RecipeCandidate {
  readonly spec: GenerationSpec;
  /** What is other than its file says. */
  readonly notes: readonly string[];
}

/** Which of them: from 0. */
export interface CandidateChoice {
  readonly candidatesId: string;
  readonly index: number;
}

const ID = /^found:v1:([0-9a-z]{1,64}):(0|[1-9]\d?)$/;

/** `found:v1:<id>:<index>`. @throws RangeError when it could not be decoded again */
export function encodeCandidateChoice({ candidatesId: foundId, index }: CandidateChoice): string {
  const id = `found:v1:${foundId}:${index}`;
  if (!ID.test(id)) throw new RangeError(`not a choice: ${id}`);
  return id;
}

/** Undefined for anything that `encodeCandidateChoice` did not write. */
export function decodeCandidateChoice(id: string): CandidateChoice | undefined {
  const [, foundId, index] = ID.exec(id) ?? [];
  return foundId === undefined ? undefined : { candidatesId: foundId, index: Number(index) };
}
