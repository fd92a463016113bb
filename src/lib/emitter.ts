/** A typed event: whoever listens is called, in the order they came. */
export interface Emitter<Values extends readonly unknown[]> {
  listen(listener: (...values: Values) => void): void;
  emit(...values: Values): void;
}

/** An emitter without listeners. */
export function createEmitter<Values extends readonly unknown[]>(): Emitter<Values> {
  const listeners: ((...values: Values) => void)[] = [];
  return {
    listen: (listener) => {
      listeners.push(listener);
    },
    emit: (...values) => {
      for (const listener of listeners) listener(...values);
    },
  };
}
