/** ONNX Runtime's execution providers; `auto` takes the first that works here. */
export const PROVIDERS = ['auto', 'cpu', 'cuda', 'webgpu', 'dml', 'coreml'] as const;

export type Provider = (typeof PROVIDERS)[number];

export type ExecutionProvider = Exclude<Provider, 'auto'>;

/**
 * Whether devices of it can be named: GPUs by their numbers, and of the CPU engine processes. WebGPU and CoreML choose for
 * themselves. What `auto` takes has devices.
 */
export function hasDevices(provider: Provider): boolean {
  return provider !== 'webgpu' && provider !== 'coreml';
}
