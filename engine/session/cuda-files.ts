import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** ONNX Runtime's CUDA files lie beside its binding; the package does not contain them. */
function cudaProvider(): string {
  const root = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
  return join(root, 'bin', 'napi-v6', process.platform, process.arch, 'libonnxruntime_providers_cuda.so');
}

export function cudaIsInstalled(): boolean {
  return existsSync(cudaProvider());
}

/**
 * The library that the loader does not find, as it says it; undefined when it finds all. ONNX Runtime says only that
 * something could not be loaded.
 * @param file a shared library
 */
export function missingLibrary(file = cudaProvider()): string | undefined {
  try {
    process.dlopen({ exports: {} }, file);
  } catch (error) {
    // It is no addon of Node either, which is said when everything was found.
    const message = error instanceof Error ? error.message : String(error);
    return /\blib[\w.+-]+\.so[\d.]*: cannot open shared object file/.exec(message)?.[0];
  }
  return undefined;
}
