import type { ChannelRef, MessageRef } from './channel.ts';
import type { User } from './user.ts';

export type OptionValue = string | number | boolean;

interface RequestBase {
  /** The platform's id of the event, the same at a redelivery: one event makes one job. */
  readonly id: string;
  readonly user: User;
  readonly channel: ChannelRef;
}

/** A typed command. Platforms without typed options leave `options` empty and put all in `text`. */
export interface CommandRequest extends RequestBase {
  readonly kind: 'command';
  /** Without the slash: `imagine`. */
  readonly command: string;
  readonly options: Readonly<Record<string, OptionValue>>;
  /** The free text after the command, flags included. */
  readonly text: string;
}

export interface ButtonRequest extends RequestBase {
  readonly kind: 'button';
  readonly buttonId: string;
  readonly message: MessageRef;
}

export type Request = CommandRequest | ButtonRequest;
