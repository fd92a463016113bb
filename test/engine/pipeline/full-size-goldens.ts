import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { readSafetensors } from '../../../engine/weights/safetensors.ts';
import { relativeError } from '../goldens.ts';

const TOLERANCE = 1e-3;
/** In milliseconds. */
export const MINUTES = 60_000;

/** How the picture of a model of real size was drawn. */
export interface FullSizeCase {
  readonly prompt: string;
  readonly steps: number;
  readonly guidance: number;
  readonly seed: number;
  readonly size: number;
  readonly timestep: number;
}

/** What a maker of models of real size wrote into a folder. */
export interface FullSizeGoldens {
  readonly facts: FullSizeCase;
  bytes(key: string): Uint8Array;
  floats(key: string): Float32Array;
}

export function hasGoldens(folder: string): boolean {
  return existsSync(join(folder, 'golden.safetensors'));
}

export async function readGoldens(folder: string): Promise<FullSizeGoldens> {
  const path = join(folder, 'golden.safetensors');
  const index = await readSafetensors(path);
  const file = readFileSync(path);
  const bytes = (key: string) => {
    const ref = index.get(key);
    return new Uint8Array(file.subarray(ref?.offset, (ref?.offset ?? 0) + (ref?.length ?? 0)));
  };
  const facts = JSON.parse(readFileSync(join(folder, 'golden.json'), 'utf8')) as FullSizeCase;
  return { facts, bytes, floats: (key) => new Float32Array(bytes(key).buffer) };
}

export function expectClose(what: string, actual: Float32Array, expected: Float32Array): void {
  const error = relativeError(actual, expected);
  report(`${what}, relative error`, error);
  expect(error).toBeLessThan(TOLERANCE);
}

/** Within 2 of 255 in every pixel. */
export function expectSamePicture(actual: Uint8Array, expected: Uint8Array): void {
  expect(actual).toHaveLength(expected.length);
  const worst = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - (actual[i] ?? 999))), 0);
  report('picture, worst of 255', worst);
  expect(worst).toBeLessThanOrEqual(2);
}

/** Whoever runs this wants the figures. */
export function report(what: string, value: number): void {
  process.stdout.write(`${what}: ${value.toPrecision(3)}\n`);
}
