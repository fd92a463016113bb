export { ENGINE_ERROR_CODES, EngineError, type EngineErrorCode, isEngineError } from './errors.ts';
export { createEngine, type EngineHost, type EngineHostOptions } from './host/client.ts';
export { resolveModelPlace } from './hub/hub-id.ts';
export { type LoraTag, readLoraTags } from './prompt/lora-tags.ts';
export { PROVIDERS, type Provider } from './provider.ts';
export { singleRecipe, specOf } from './recipe.ts';
export * from './types.ts';
