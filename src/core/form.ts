/** A form that a platform opens for one person, filled in beforehand; what comes back is a `FormRequest`. */
export interface Form {
  /** From `encodeFormId`. */
  readonly id: string;
  /** At most 24 characters: Slack's limit, the strictest. */
  readonly title: string;
  readonly submitLabel: string;
  /** Discord shows at most 5; a form that only opens where there is room for more says so. */
  readonly fields: readonly FormField[];
}

/** One field of a form. */
export interface FormField {
  readonly name: string;
  /** At most 45 characters. */
  readonly label: string;
  readonly kind: 'line' | 'paragraph' | 'choice';
  /** "" is nothing yet; of a `choice` also nothing chosen. */
  readonly value: string;
  /** What is not required may be left empty, a `choice` too. */
  readonly required: boolean;
  /** Characters, at most 3000, Slack's limit; not for `choice`. */
  readonly maxLength?: number;
  /** Shown while empty. */
  readonly placeholder?: string;
  /** For `choice` only; at most 100, Slack's limit. */
  readonly choices?: readonly string[];
}

/** A form about a picture of a job, or one that stands for itself. */
export interface FormSubject {
  readonly form: string;
  readonly picture?: { readonly jobId: string; readonly index: number };
}

/** Discord's limit, the strictest of the platforms. */
const MAX_ID_LENGTH = 100;
const ID = /^form:v1:([a-z_]{1,30})(?::([0-9a-z]{1,64}):(0|[1-9]\d?))?$/;

/** `form:v1:<form>` or `form:v1:<form>:<jobId>:<index>`. @throws RangeError when it could not be decoded again */
export function encodeFormId({ form, picture }: FormSubject): string {
  const id = picture === undefined ? `form:v1:${form}` : `form:v1:${form}:${picture.jobId}:${picture.index}`;
  if (id.length > MAX_ID_LENGTH || !ID.test(id)) throw new RangeError(`not a form id: ${id}`);
  return id;
}

/** Undefined for anything that `encodeFormId` did not write. */
export function decodeFormId(id: string): FormSubject | undefined {
  const [, form, jobId, index] = ID.exec(id) ?? [];
  if (form === undefined) return undefined;
  return jobId === undefined ? { form } : { form, picture: { jobId, index: Number(index) } };
}
