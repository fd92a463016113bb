export { ENGINE_ERROR_CODES, EngineError, type EngineErrorCode, fileOf, isEngineError } from './errors.ts';
export { createEngine, type EngineHost, type EngineHostOptions } from './host/client.ts';
export { resolveModelPlace, splitModelPlaces } from './hub/hub-id.ts';
export type { ExecutionOptions } from './model/catalog.ts';
export { PRECISION_CHOICES } from './network-options.ts';
export { type LoraTag, readLoraTags } from './prompt/lora-tags.ts';
export { PROVIDERS } from './provider.ts';
export { enlargementOf, singleRecipe, specOf } from './recipe.ts';
export * from './types.ts';
