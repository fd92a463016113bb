import {
  type APIActionRowComponent,
  type APIButtonComponent,
  ButtonStyle,
  ComponentType,
  MessageFlags,
  type RawFile,
  type RESTAPIAttachment,
  type RESTPatchAPIChannelMessageJSONBody,
} from 'discord.js';
import type { Reply, ReplyButton, ReplyPicture } from '../../core/reply.ts';
import { truncate } from '../../core/truncate.ts';
import { renderLines } from './markdown.ts';

const MAX_LABEL_LENGTH = 80;
/** UTF-16 units of a picture's alternative text. */
export const MAX_ALT_LENGTH = 1024;
/** Discord hides files of this name until they are clicked. */
const SPOILER = 'SPOILER_';
/** A message needs something to show. */
const NOTHING = '\u200b';

/** A message as Discord takes it: what it says, and the files that hang on it. */
export interface Outgoing {
  readonly body: OutgoingBody;
  readonly files: RawFile[];
}
export type OutgoingBody = Required<
  Pick<RESTPatchAPIChannelMessageJSONBody, 'content' | 'components' | 'allowed_mentions'>
> & { readonly attachments: RESTAPIAttachment[]; readonly flags: MessageFlags };

/**
 * The reply, complete: as an edit it replaces text, buttons and pictures. It mentions nobody and shows no previews of
 * links, whatever stands in a prompt.
 */
export function renderReply(reply: Reply): Outgoing {
  const content = renderLines(reply.lines);
  const attachments = reply.pictures.map(
    (picture, index): RESTAPIAttachment => ({
      id: `${index}`,
      filename: fileName(picture),
      ...(picture.alt !== '' && { description: truncate(picture.alt, MAX_ALT_LENGTH) }),
    }),
  );
  return {
    body: {
      content: content === '' && attachments.length === 0 ? NOTHING : content,
      components: reply.buttons.filter((row) => row.length > 0).map(renderRow),
      allowed_mentions: { parse: [], replied_user: false },
      attachments,
      flags: MessageFlags.SuppressEmbeds,
    },
    files: reply.pictures.map((picture) => ({
      name: fileName(picture),
      data: picture.data,
      contentType: picture.mediaType,
    })),
  };
}

/** Bytes of all that hangs on the message. */
export function byteLengthOf(reply: Reply): number {
  return reply.pictures.reduce((sum, { data }) => sum + data.length, 0);
}

function fileName({ name, spoiler }: ReplyPicture): string {
  return spoiler === true ? `${SPOILER}${name}` : name;
}

function renderRow(row: readonly ReplyButton[]): APIActionRowComponent<APIButtonComponent> {
  return {
    type: ComponentType.ActionRow,
    components: row.map(({ id, label, style }) => ({
      type: ComponentType.Button,
      custom_id: id,
      label: truncate(label, MAX_LABEL_LENGTH),
      style: BUTTON_STYLES[style],
    })),
  };
}

const BUTTON_STYLES = {
  normal: ButtonStyle.Secondary,
  primary: ButtonStyle.Primary,
  danger: ButtonStyle.Danger,
} as const satisfies Record<ReplyButton['style'], ButtonStyle>;
