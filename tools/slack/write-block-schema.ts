/**
 * Writes test/emulators/slack/blocks.schema.json: Slack's own types of blocks and views as JSON Schema, with the lengths
 * and counts that its documentation of each field names.
 *
 *     npx tsx tools/slack/write-block-schema.ts
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const GENERATOR = 'ts-json-schema-generator@2.4.0';
const TARGET = fileURLToPath(new URL('../../test/emulators/slack/blocks.schema.json', import.meta.url));
const TYPES = fileURLToPath(new URL('checked-types.ts', import.meta.url));

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
type Schema = { [key: string]: Json };

/** How Slack's documentation says it, and what that means in JSON Schema. */
const SAID: readonly (readonly [RegExp, (limit: number) => Schema])[] = [
  [/maximum length (?:for this field )?(?:is|of) ([\d,]+) characters/i, (limit) => ({ maxLength: limit })],
  [/limit ([\d,]+) characters max/i, (limit) => ({ maxLength: limit })],
  [
    /maximum length for the `?text`? (?:field )?(?:in|within) this (?:field|object) is ([\d,]+) characters/i,
    (limit) => ({ properties: { text: { maxLength: limit } } }),
  ],
  [
    /(?:PlainTextElement \} with a|`text` in this field is 1 and) maximum length (?:of|is) ([\d,]+) characters/i,
    (limit) => ({ properties: { text: { maxLength: limit } } }),
  ],
  [
    /maximum length for the text in each item is ([\d,]+) characters/i,
    (limit) => ({ items: { properties: { text: { maxLength: limit } } } }),
  ],
  [
    /(?:maximum (?:number of (?:items|options|option groups) is|of)|array of up to|maximum) (\d+) ?(?:elements|options|items|blocks|cards|rows|\{|\.)/i,
    (limit) => ({ maxItems: limit }),
  ],
  [/minimum length is (\d+)/i, (limit) => ({ minLength: limit })],
];
/** Counts that stand in prose elsewhere on docs.slack.dev. */
const COUNTS: Readonly<Record<string, Schema>> = {
  message: { maxItems: 50 },
  blocks: { maxItems: 100 },
};
/** Fields that hold texts of their own, on which a length of theirs bears. */
const isTextObject = (schema: Schema) => '$ref' in schema || 'anyOf' in schema;

function limitsOf(description: string, schema: Schema): Schema {
  const words = description.replaceAll(/\s+/g, ' ');
  const limits: Schema = {};
  for (const [pattern, toSchema] of SAID) {
    const [, number] = pattern.exec(words) ?? [];
    if (number === undefined) continue;
    const limit = toSchema(Number(number.replaceAll(',', '')));
    if ('maxLength' in limit && isTextObject(schema)) continue;
    if ('maxItems' in limit && schema.type !== 'array') continue;
    Object.assign(limits, limit);
  }
  return limits;
}

function convert(value: Json, name = ''): Json {
  if (Array.isArray(value)) return value.map((item) => convert(item));
  if (typeof value !== 'object' || value === null) return value;
  const schema: Schema = {};
  for (const [key, inner] of Object.entries(value)) {
    if (key === 'description' && typeof inner === 'string') Object.assign(schema, limitsOf(inner, value));
    else schema[key] = key === 'properties' ? convertEach(inner) : convert(inner);
  }
  if (schema.type === 'array' && COUNTS[name] !== undefined) Object.assign(schema, COUNTS[name]);
  return schema;
}

function convertEach(properties: Json | undefined): Json {
  const entries = Object.entries((properties ?? {}) as Schema);
  return Object.fromEntries(entries.map(([name, inner]) => [name, convert(inner, name)]));
}

const generated = execFileSync(
  'npx',
  ['-y', GENERATOR, '--path', TYPES, '--tsconfig', 'tsconfig.json', '--type', 'Checked', '--no-type-check'],
  { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
);
const schema = convert(JSON.parse(generated) as Json) as { definitions: Schema };
// Slack's types let a view hold blocks of any kind at all; the emulator takes only those that there are.
schema.definitions.AnyBlock = { $ref: '#/definitions/KnownBlock' };
writeFileSync(TARGET, `${JSON.stringify(schema)}\n`);
execFileSync('npx', ['biome', 'format', '--write', TARGET]);
