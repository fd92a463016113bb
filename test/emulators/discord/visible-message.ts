import { type APIButtonComponent, ButtonStyle } from 'discord.js';
import { LOADING, type StoredMessage } from './messages.ts';
import { plainText } from './page/markdown.ts';
import type { State } from './state.ts';
import type { Channel, Person } from './world.ts';

/** A message as one person sees it. */
export interface VisibleMessage {
  readonly id: string;
  /** The formatted text without its formatting. */
  readonly text: string;
  /** As it was sent. */
  readonly content: string;
  readonly pictures: readonly VisiblePicture[];
  /** Labels, row by row. */
  readonly buttons: readonly (readonly string[])[];
  readonly isThinking: boolean;
  readonly isPrivate: boolean;
  /** The id of the message that it replies to. */
  readonly replyTo: string | undefined;
  readonly isEdited: boolean;
  readonly stored: StoredMessage;
}

export interface VisiblePicture {
  readonly filename: string;
  readonly contentType: string;
  readonly alt: string | undefined;
  readonly isSpoiler: boolean;
  readonly data: Uint8Array;
}

export function isVisibleTo({ privateTo }: StoredMessage, person: Person): boolean {
  return privateTo === undefined || privateTo === person.id;
}

function visibleMessage(message: StoredMessage, state: State): VisibleMessage {
  return {
    id: message.id,
    text: plainText(message.content, state),
    content: message.content,
    pictures: message.attachments.map(({ filename, contentType, description, data }) => ({
      ...{ filename, contentType, alt: description, data, isSpoiler: filename.startsWith('SPOILER_') },
    })),
    buttons: message.rows.map((row) => row.components.map(labelOf)),
    isThinking: (message.flags & LOADING) !== 0,
    isPrivate: message.privateTo !== undefined,
    replyTo: message.replyTo,
    isEdited: message.editedAt !== undefined,
    stored: message,
  };
}

export function labelOf(button: APIButtonComponent): string {
  if (button.style === ButtonStyle.Premium) return '';
  return [button.emoji?.name, button.label].filter((part) => part !== undefined && part !== null).join(' ');
}

/** Oldest first. */
export function visibleMessages(channel: Channel, person: Person, state: State): readonly VisibleMessage[] {
  return state.messages
    .in(channel)
    .filter((message) => isVisibleTo(message, person))
    .map((message) => visibleMessage(message, state));
}
