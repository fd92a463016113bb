import type { MessageRef } from './channel.ts';
import type { ReplyButton, ReplyPicture, RichText } from './reply.ts';

/** The shortcut that asks for it; see `ShortcutRequest`. */
export const HOME_SHORTCUT = 'home';

/** A page of one person's own, where a platform has such a thing. */
export interface HomePage {
  readonly sections: readonly HomeSection[];
  /** Rows of at most 5 buttons, above the sections. */
  readonly buttons: readonly (readonly ReplyButton[])[];
}

/** A part of a platform's home page. */
export interface HomeSection {
  readonly title: string;
  readonly entries: readonly HomeEntry[];
}

/** A line, and what stands beside or below it, small. */
export interface HomeEntry {
  readonly line: RichText;
  readonly picture?: HomePicture;
  readonly button?: ReplyButton;
}

/** A picture that the platform may have already. */
export interface HomePicture {
  readonly alt: string;
  /** The message that shows it, as its only picture. */
  readonly shownIn?: MessageRef;
  /** Its bytes; undefined when they are no longer kept. */
  load(): Promise<ReplyPicture | undefined>;
}
