/** ONNX Runtime's execution providers; `auto` takes the first that works here. */
export const PROVIDERS = ['auto', 'cpu', 'cuda', 'webgpu', 'dml', 'coreml'] as const;

export type Provider = (typeof PROVIDERS)[number];

export type ExecutionProvider = Exclude<Provider, 'auto'>;
