import { Keyv, type KeyvStoreAdapter } from 'keyv';

/** One kind of entries in a store that others share; values are kept as JSON. Every error is thrown. */
export function openNamespace<Value>(namespace: string, store: KeyvStoreAdapter): Keyv<Value> {
  const keyv = new Keyv<Value>({
    store,
    namespace,
    throwOnErrors: true,
    serialize: JSON.stringify,
    deserialize: JSON.parse,
  });
  // Every error is thrown to the caller as well; without a listener Keyv would end the process.
  keyv.on('error', () => {});
  return keyv;
}
