import type { types } from '@slack/bolt';
import type { HomeEntry, HomePage, HomePicture } from '../../core/home-page.ts';
import { truncate } from '../../core/truncate.ts';
import { renderAlt, renderButton, renderRow, type ShownPicture } from './render.ts';
import { renderLines, renderPlain } from './rich-text.ts';

const MAX_TITLE = 150;
const MAX_TEXT = 3000;
const MAX_BLOCKS = 100;

/** Pictures that Slack has; the others of a page are left out. */
export type ShownPictures = ReadonlyMap<HomePicture, ShownPicture>;

/** The page as blocks. */
export function renderHome({ sections, buttons }: HomePage, shown: ShownPictures): types.KnownBlock[] {
  const blocks: types.KnownBlock[] = buttons.map(renderRow);
  for (const { title, entries } of sections) {
    blocks.push({ type: 'header', text: { type: 'plain_text', text: truncate(title, MAX_TITLE) } });
    blocks.push(...renderEntries(entries, shown));
  }
  return blocks.slice(0, MAX_BLOCKS);
}

/** Lines that have nothing beside them stand together. */
function renderEntries(entries: readonly HomeEntry[], shown: ShownPictures): types.KnownBlock[] {
  const lines = renderLines(entries.map(({ line }) => line));
  const isPlain = entries.every(({ picture, button }) => picture === undefined && button === undefined);
  if (isPlain) return lines === undefined ? [] : [lines];
  return entries.flatMap((entry) => renderEntry(entry, shown));
}

/** A section has room for one thing beside its text: a picture's button then stands below it. */
function renderEntry({ line, picture, button }: HomeEntry, shown: ShownPictures): types.KnownBlock[] {
  const text = renderPlain(line);
  const image = picture === undefined ? undefined : shown.get(picture);
  const accessory = image === undefined ? button && renderButton(button) : renderImage(image);
  const section: types.SectionBlock = {
    type: 'section',
    text: { type: 'plain_text', text: truncate(text === '' ? ' ' : text, MAX_TEXT), emoji: false },
    ...(accessory !== undefined && { accessory }),
  };
  return image === undefined || button === undefined ? [section] : [section, renderRow([button])];
}

function renderImage({ fileId, alt }: ShownPicture): types.ImageElement {
  return { type: 'image', slack_file: { id: fileId }, alt_text: renderAlt(alt) };
}
