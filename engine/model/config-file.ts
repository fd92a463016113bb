import { access } from 'node:fs/promises';
import type { z } from 'zod';
import { displayPath } from '../display-path.ts';
import { EngineError } from '../errors.ts';
import { SUPPORTED } from '../families/families.ts';
import { readSmallFile } from '../weights/plain-file.ts';

/** Real ones have a few thousand; a scheduler's betas may be written out. */
const MAX_CONFIG_BYTES = 4 * 1024 * 1024;

export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** @throws EngineError `missing_file` with this message. */
export async function requireFile(path: string, message: string): Promise<void> {
  await access(path).catch((cause: unknown) => {
    throw new EngineError('missing_file', message, { file: path }, cause);
  });
}

/** The sentence for a file that a model folder lacks. */
export function missing(file: string): string {
  return `The model folder lacks ${displayPath(file)}; download it again, or point Easel at a complete folder in diffusers layout.`;
}

/** @throws EngineError when the file is missing, is not JSON or holds a value that Easel cannot run, which is named. */
export async function readConfig<Schema extends z.ZodType>(file: string, schema: Schema): Promise<z.output<Schema>> {
  await requireFile(file, missing(file));
  const text = await readSmallFile(file, MAX_CONFIG_BYTES);
  let json: unknown;
  try {
    json = parsePythonJson(text);
  } catch (cause) {
    throw new EngineError('corrupt_file', `${displayPath(file)} is not JSON; download it again.`, { file }, cause);
  }
  return parseConfig(file, json, schema);
}

/**
 * Python writes numbers that JSON lacks, as diffusers does for DPM-Solver's `lambda_min_clipped`: -Infinity. They mean that
 * there is no bound, and are read as null.
 */
function parsePythonJson(text: string): unknown {
  return JSON.parse(text.replace(STRING_OR_NO_NUMBER, (found) => (found.startsWith('"') ? found : 'null')));
}

const STRING_OR_NO_NUMBER = /"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g;

/** @param otherwise what stands in for a file that is not there. */
export async function readOptionalConfig<Schema extends z.ZodType>(
  file: string,
  schema: Schema,
  otherwise: unknown = {},
): Promise<z.output<Schema>> {
  return (await exists(file)) ? readConfig(file, schema) : parseConfig(file, otherwise, schema);
}

/** @param file whose value it is, for the sentence. */
export function parseConfig<Schema extends z.ZodType>(file: string, value: unknown, schema: Schema): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const key = issue?.path.join('.') ?? '';
  throw new EngineError(
    'unsupported_model',
    `${displayPath(file)} has a value that Easel does not support${key === '' ? '' : ` at "${key}"`}: ${issue?.message ?? 'invalid'}. Easel supports ${SUPPORTED}.`,
    { file, key },
  );
}
