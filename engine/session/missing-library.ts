/**
 * The library that the loader does not find, as it says it; undefined when it finds all. ONNX Runtime says only that
 * something could not be loaded.
 * @param file a shared library
 */
export function missingLibrary(file: string): string | undefined {
  try {
    process.dlopen({ exports: {} }, file);
  } catch (error) {
    // It is no addon of Node either, which is said when everything was found.
    const message = error instanceof Error ? error.message : String(error);
    return /\blib[\w.+-]+\.so[\d.]*: cannot open shared object file/.exec(message)?.[0];
  }
  return undefined;
}
