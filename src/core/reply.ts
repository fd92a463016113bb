import type { MessageRef } from './channel.ts';
import type { User } from './user.ts';

/** A run of text; each platform escapes `text` for itself, so a prompt is always text, never markup or a mention. */
export type Span =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'strong'; readonly text: string }
  | { readonly kind: 'code'; readonly text: string }
  | { readonly kind: 'user'; readonly user: User };
/** One line of a message. */
export type RichText = readonly Span[];

/** A picture as a message carries it, encoded. */
export interface ReplyPicture {
  /** With extension, safe on every file system. */
  readonly name: string;
  readonly mediaType: 'image/png' | 'image/webp' | 'image/jpeg';
  readonly data: Uint8Array;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly alt: string;
  /** Hidden until a person asks to see it, where the platform can. */
  readonly spoiler?: boolean;
}

/** A button below a message. */
export interface ReplyButton {
  /** From `encodeButtonId`, or from `encodeFormId`: then pressing it opens that form. */
  readonly id: string;
  readonly label: string;
  /** What it does, for screen readers and tooltips. */
  readonly title: string;
  readonly style: 'normal' | 'primary' | 'danger';
}

/** What the message is about: `info` and `error` answer a person, the others follow a job. */
export type ReplyState = 'info' | 'error' | 'waiting' | 'running' | 'done' | 'failed' | 'cancelled';

/** A message as data. Editing a message replaces the whole reply. */
export interface Reply {
  readonly state: ReplyState;
  /** Lines of text, top to bottom. */
  readonly lines: readonly RichText[];
  /** 0–1 while running. */
  readonly progress?: number;
  readonly pictures: readonly ReplyPicture[];
  /** Rows of at most 5 buttons. */
  readonly buttons: readonly (readonly ReplyButton[])[];
  /** The message this one answers: the one whose button was pressed. */
  readonly parent?: MessageRef;
}

export const text = (value: string): Span => ({ kind: 'text', text: value });
export const strong = (value: string): Span => ({ kind: 'strong', text: value });
export const code = (value: string): Span => ({ kind: 'code', text: value });
export const mention = (user: User): Span => ({ kind: 'user', user });

/** The reply to what the bot rejects. @param message one sentence: what was wrong and what to do */
export function errorReply(message: string): Reply {
  return { state: 'error', lines: [sentence(message)], pictures: [], buttons: [] };
}

/** A sentence for a person, such as an error's: what stands between backticks becomes code. */
export function sentence(value: string): RichText {
  return value.split(/(`[^`]+`)/).flatMap((part) => {
    if (part === '') return [];
    return part.length > 2 && part.startsWith('`') && part.endsWith('`') ? code(part.slice(1, -1)) : text(part);
  });
}
