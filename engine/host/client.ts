import type { Engine } from '../types.ts';

export interface EngineOptions {
  /** Model folders in diffusers layout; the first is the default. The folder's name is the model's id. */
  readonly modelFolders: readonly string[];
  /** ONNX Runtime execution provider; default `cpu`. */
  readonly provider?: string;
  /** Send previews every n steps; default 2. */
  readonly previewEvery?: number;
}

export function createEngine(_options: EngineOptions): Engine {
  throw new Error('being written');
}
