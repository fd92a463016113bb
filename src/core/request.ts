import type { ChannelRef, MessageRef } from './channel.ts';
import type { User } from './user.ts';

/** A typed option's value as a platform hands it on. */
export type OptionValue = string | number | boolean;

interface RequestBase {
  /** The platform's id of the event, the same at a redelivery: one event makes one job. */
  readonly id: string;
  readonly user: User;
  readonly channel: ChannelRef;
  /** May moderate the channel: delete what others asked for, and change the channel's settings. */
  readonly isModerator: boolean;
  /** The platform marks the channel as one for adults. */
  readonly isAgeRestricted: boolean;
  /** Ids of the platform's roles or groups that the person has here. */
  readonly roles?: readonly string[];
}

/** A typed command. Platforms without typed options leave `options` empty and put all in `text`. */
export interface CommandRequest extends RequestBase {
  readonly kind: 'command';
  /** Without the slash: `imagine`. */
  readonly command: string;
  readonly options: Readonly<Record<string, OptionValue>>;
  /** The free text after the command, flags included. */
  readonly text: string;
  /** What the person attached, in their order. */
  readonly pictures?: readonly RemotePicture[];
}

/** A button was pressed. */
export interface ButtonRequest extends RequestBase {
  readonly kind: 'button';
  readonly buttonId: string;
  readonly message: MessageRef;
  /** What hangs on that message, for buttons whose job is no longer kept. */
  readonly pictures: readonly RemotePicture[];
}

/** A form was filled in; see `Form`. */
export interface FormRequest extends RequestBase {
  readonly kind: 'form';
  readonly formId: string;
  /** By field name; fields left empty are "". */
  readonly values: Readonly<Record<string, string>>;
}

/** An action on a message of anybody's: *Apps → Vary this*. */
export interface MessageActionRequest extends RequestBase {
  readonly kind: 'message_action';
  readonly action: string;
  readonly message: MessageRef;
  /** Ids of the buttons on the message. */
  readonly buttonIds: readonly string[];
  readonly pictures: readonly RemotePicture[];
}

/** An action that concerns no message: a global shortcut (`imagine`: a form of all options), or the app's own page (`home`). */
export interface ShortcutRequest extends RequestBase {
  readonly kind: 'shortcut';
  readonly shortcut: string;
}

/** A picture that hangs on a message of the platform, not fetched yet. */
export interface RemotePicture {
  readonly name: string;
  readonly mediaType: string;
  /** Undefined where the platform does not say. */
  readonly byteLength: number | undefined;
  /** Its bytes, only from the platform's own servers. @throws EaselError when it cannot be had */
  fetch(maxBytes: number): Promise<Uint8Array>;
}

/** Everything that a person can send. */
export type Request = CommandRequest | ButtonRequest | FormRequest | MessageActionRequest | ShortcutRequest;
