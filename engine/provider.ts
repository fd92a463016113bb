import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** ONNX Runtime's execution providers; `auto` takes the first that works here. */
export const PROVIDERS = ['auto', 'cpu', 'cuda', 'webgpu', 'dml', 'coreml'] as const;
export type Provider = (typeof PROVIDERS)[number];

/**
 * What is tried in turn. `auto` never takes WebGPU or CoreML, which may be there without being faster.
 * @param hasCuda whether ONNX Runtime's CUDA files are installed; it asks for them aloud where they are not
 */
export function candidatesOf(
  provider: Provider,
  platform: NodeJS.Platform = process.platform,
  hasCuda = cudaIsInstalled(),
): readonly Exclude<Provider, 'auto'>[] {
  if (provider !== 'auto') return [provider];
  if (platform === 'win32') return ['dml', 'cpu'];
  return hasCuda ? ['cuda', 'cpu'] : ['cpu'];
}

/** They are not in the package; its installer fetches them where that is allowed. */
function cudaIsInstalled(): boolean {
  const root = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
  return existsSync(join(root, 'bin', 'napi-v6', process.platform, process.arch, 'libonnxruntime_providers_cuda.so'));
}
