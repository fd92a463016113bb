import type { MessageRef } from './channel.ts';
import type { ReplyButton, ReplyPicture, RichText } from './reply.ts';

/** A page of one person's own, where a platform has such a thing. */
export interface Page {
  readonly sections: readonly PageSection[];
  /** Rows of at most 5 buttons, above the sections. */
  readonly buttons: readonly (readonly ReplyButton[])[];
}

export interface PageSection {
  readonly title: string;
  readonly entries: readonly PageEntry[];
}

/** A line, and what stands beside or below it, small. */
export interface PageEntry {
  readonly line: RichText;
  readonly picture?: PagePicture;
  readonly button?: ReplyButton;
}

/** A picture that the platform may have already. */
export interface PagePicture {
  readonly alt: string;
  /** The message that shows it, as its only picture. */
  readonly shownIn?: MessageRef;
  /** Its bytes; undefined when they are no longer kept. */
  load(): Promise<ReplyPicture | undefined>;
}
