import type { types } from '@slack/bolt';
import type { Reply, ReplyButton, ReplyPicture } from '../../core/reply.ts';
import { truncate } from '../../core/truncate.ts';
import { escapeText, renderFallback, renderLines } from './rich-text.ts';

const MAX_BUTTON_LABEL = 75;
/** Characters of an alternative text that Slack takes. */
export const MAX_ALT_LENGTH = 2000;
const MAX_BLOCKS = 50;
/** A message needs something to show. */
const NOTHING = 'Easel';

/** A message as Slack takes it. */
export interface Outgoing {
  /** For notifications, and where blocks are not shown. */
  readonly text: string;
  readonly blocks: types.KnownBlock[];
}

/** A picture that Slack has stored. */
export interface ShownPicture {
  readonly fileId: string;
  readonly alt: string;
}

/**
 * The reply, complete: as an update it replaces text, buttons and pictures.
 * @param pictures those of the reply, in order @param parentLink where the message stands that it answers
 */
export function renderReply(
  reply: Pick<Reply, 'lines' | 'buttons'>,
  pictures: readonly ShownPicture[],
  parentLink?: string,
): Outgoing {
  const text = renderFallback(reply.lines);
  const lines = renderLines(reply.lines);
  const blocks: types.KnownBlock[] = [
    ...(lines === undefined ? [] : [lines]),
    ...(parentLink === undefined ? [] : [renderParent(parentLink)]),
    ...pictures.map(renderPicture),
    ...reply.buttons.filter((row) => row.length > 0).map(renderRow),
  ];
  return { text: text.trim() === '' ? NOTHING : text, blocks: blocks.slice(0, MAX_BLOCKS) };
}

export function pictureOf(fileId: string, { alt }: ReplyPicture): ShownPicture {
  return { fileId, alt };
}

function renderParent(link: string): types.ContextBlock {
  return { type: 'context', elements: [{ type: 'mrkdwn', text: `From <${escapeText(link)}|this picture>` }] };
}

function renderPicture({ fileId, alt }: ShownPicture): types.ImageBlock {
  return {
    type: 'image',
    slack_file: { id: fileId },
    alt_text: renderAlt(alt),
  };
}

export function renderAlt(alt: string): string {
  return alt === '' ? 'Picture' : truncate(alt, MAX_ALT_LENGTH);
}

export function renderRow(row: readonly ReplyButton[]): types.ActionsBlock {
  return { type: 'actions', elements: row.map(renderButton) };
}

export function renderButton({ id, label, title, style }: ReplyButton): types.Button {
  return {
    type: 'button',
    action_id: id,
    text: { type: 'plain_text', text: truncate(label, MAX_BUTTON_LABEL), emoji: true },
    ...(title !== '' && { accessibility_label: truncate(title, MAX_BUTTON_LABEL) }),
    ...(style !== 'normal' && { style }),
  };
}
