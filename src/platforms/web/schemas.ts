import { z } from 'zod';
import { apiError } from './api-error.ts';

/** Characters of a posted line; a command's own limit on its prompt is lower and has its own sentence. */
export const MAX_LINE_LENGTH = 8000;
/** Characters of a person's name. */
export const MAX_NAME_LENGTH = 32;
/** Bytes of a JSON body. */
export const MAX_BODY_BYTES = 64 * 1024;
const MAX_PAGE = 100;
const MAX_OPTIONS = 32;
const MAX_ATTACHMENTS = 2;
const MAX_TYPED = 200;

/** Control characters, line breaks but for \n, direction overrides, and halves of surrogate pairs. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;
const printable = (value: string) => !UNPRINTABLE.test(value);
const printableLines = (value: string) => printable(value.replaceAll(/[\n\t]/g, ''));

/** Nothing is seen of these, nor of white space, nor of a mark without a letter. */
const UNSEEN = /[\p{C}\p{Z}\p{M}\p{Default_Ignorable_Code_Point}\u2800]/gu;
/** Between letters of scripts that join them, in emoji and in flags they have a meaning. */
const JOINERS = new RegExp(
  [
    String.raw`(?<=(?!\p{Script=Latin}|\p{Script=Greek}|\p{Script=Cyrillic})[\p{L}\p{M}])[\u200c\u200d](?=\p{L})`,
    String.raw`(?<=\p{Extended_Pictographic}\ufe0f?|\p{Emoji_Modifier})\u200d`,
    String.raw`(?<=\p{Emoji})[\ufe0e\ufe0f]`,
    String.raw`(?<=\u{1f3f4}[\u{e0020}-\u{e007f}]*)[\u{e0020}-\u{e007f}]`,
  ].join('|'),
  'gu',
);
const INVISIBLE = /[\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]/u;
const hasVisible = (value: string) => value.replaceAll(UNSEEN, '') !== '';
const isSeenWhole = (value: string) => !INVISIBLE.test(value.replaceAll(JOINERS, ''));

const name = z
  .string('name must be a string.')
  .transform((value) => value.normalize('NFC').trim())
  .refine((value) => value.length > 0, 'Please give a name.')
  .refine(hasVisible, 'A name must have a letter, a digit or another visible character.')
  .refine((value) => value.length <= MAX_NAME_LENGTH, `A name can have at most ${MAX_NAME_LENGTH} characters.`)
  .refine(printable, 'A name cannot contain control characters.')
  .refine(isSeenWhole, 'A name cannot contain invisible characters.');

const requestId = z
  .string('requestId must be a string.')
  .regex(/^[\w-]{1,64}$/, 'requestId must be 1 to 64 letters, digits, - or _.');

const line = z
  .string('line must be a string.')
  .transform((value) => value.trim())
  .refine((value) => value.length > 0, 'The message is empty; type a command such as /help.')
  .refine((value) => value.length <= MAX_LINE_LENGTH, `A message can have at most ${MAX_LINE_LENGTH} characters.`)
  .refine(printableLines, 'A message cannot contain control characters.');

const optionValue = z.union(
  [z.string().max(MAX_LINE_LENGTH).refine(printableLines), z.number(), z.boolean()],
  `An option must be a number, true, false, or printable text of at most ${MAX_LINE_LENGTH} characters.`,
);

const options = z
  .record(
    z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'An option name must be lower-case letters, digits and -.'),
    optionValue,
  )
  .refine((value) => Object.keys(value).length <= MAX_OPTIONS, `There can be at most ${MAX_OPTIONS} options.`);

const attachments = z
  .array(z.string().regex(/^[0-9a-f]{24}$/, 'An attachment must be the `upload` id of an uploaded picture.'))
  .max(MAX_ATTACHMENTS, `There can be at most ${MAX_ATTACHMENTS} pictures: the init image and its mask.`)
  .default([]);

const sender = { requestId: requestId.optional(), name: name.optional() };

export const PersonBody = z.strictObject({ name });

export const SenderQuery = z.object({ name: name.optional() });

export const PostBody = z.union(
  [
    z.strictObject({ line, attachments, ...sender }),
    z.strictObject({
      command: z.string().regex(/^[a-z0-9-]{1,32}$/),
      options: options.default({}),
      attachments,
      ...sender,
    }),
  ],
  { error: 'A message must be {"line": "/imagine a fox"} or {"command": "imagine", "options": {"prompt": "a fox"}}.' },
);

export const PressBody = z.strictObject({
  button: z.string('button must be the id of a button.').min(1).max(100),
  ...sender,
});

export const MessageActionBody = z.strictObject({
  action: z.string().regex(/^[a-z_]{1,32}$/, 'action must be the name of a message action.'),
  ...sender,
});

export const ShortcutBody = z.strictObject({
  shortcut: z.string().regex(/^[a-z_]{1,32}$/, 'shortcut must be the name of a shortcut.'),
  ...sender,
});

const fieldName = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'A field name must be lower-case letters, digits and -.');
const fieldValue = z
  .string('A value must be text.')
  .max(MAX_LINE_LENGTH, `A value can have at most ${MAX_LINE_LENGTH} characters.`)
  .transform((value) => value.replaceAll('\r\n', '\n'))
  .refine(printableLines, 'A value cannot contain control characters.');

export const FormBody = z.strictObject({
  form: z.string('form must be the id of a form.').min(1).max(100),
  values: z
    .record(fieldName, fieldValue)
    .refine((value) => Object.keys(value).length <= MAX_OPTIONS, `There can be at most ${MAX_OPTIONS} values.`),
  ...sender,
});

export const CompleteBody = z.strictObject({
  command: z.string().regex(/^[a-z0-9-]{1,32}$/, 'command must be a command without its slash.'),
  option: fieldName,
  typed: z.string('typed must be a string.').max(MAX_TYPED, `At most ${MAX_TYPED} characters can be completed.`),
  options: options.default({}),
  name: name.optional(),
});

export const PageQuery = z.object({
  before: z
    .string()
    .regex(/^\d{1,15}$/, 'before must be the id of a message.')
    .optional(),
  limit: z.coerce
    .number('limit must be a number.')
    .int('limit must be a whole number.')
    .min(1, 'limit must be at least 1.')
    .max(MAX_PAGE, `limit must be at most ${MAX_PAGE}.`)
    .default(50),
});

export const MessageId = z.string().regex(/^\d{1,15}$/);

/** @throws a 400 refusal with the first thing that is wrong. */
export function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw apiError(400, 'bad_request', sentenceOf(result.error.issues));
}

/** In a union the branch that came furthest says best what is wrong. */
function sentenceOf(issues: readonly z.core.$ZodIssue[]): string {
  const issue = issues[0];
  if (issue === undefined) return 'The request could not be read.';
  if (issue.code === 'invalid_union') {
    const deepest = issue.errors.find((branch) => branch.length === 1 && branch[0]?.code === 'custom');
    return deepest === undefined ? issue.message : sentenceOf(deepest);
  }
  if (issue.code === 'unrecognized_keys') return `${issue.keys.join(', ')} is not a field of this request.`;
  return issue.message;
}
