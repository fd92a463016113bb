import type { types } from '@slack/bolt';
import { cut } from '../../core/cut.ts';
import type { Page, PageEntry, PagePicture, PageSection } from '../../core/page.ts';
import { renderAlt, renderButton, renderRow, type ShownPicture } from './render.ts';

const MAX_TITLE = 150;
const MAX_TEXT = 3000;
const MAX_BLOCKS = 100;

/** The page as blocks. @param shown pictures that Slack has; the others are left out */
export function renderPage(
  { sections, buttons }: Page,
  shown: ReadonlyMap<PagePicture, ShownPicture>,
): types.KnownBlock[] {
  return [...buttons.map(renderRow), ...sections.flatMap((section) => renderSection(section, shown))].slice(
    0,
    MAX_BLOCKS,
  );
}

function renderSection({ title, entries }: PageSection, shown: ReadonlyMap<PagePicture, ShownPicture>) {
  return [
    { type: 'header', text: { type: 'plain_text', text: cut(title, MAX_TITLE) } } satisfies types.HeaderBlock,
    ...entries.flatMap((entry) => renderEntry(entry, shown)),
  ];
}

/** A section has room for one thing beside its text: a picture's button then stands below it. */
function renderEntry({ text, picture, button }: PageEntry, shown: ReadonlyMap<PagePicture, ShownPicture>) {
  const image = picture === undefined ? undefined : shown.get(picture);
  const accessory = image === undefined ? button && renderButton(button) : renderImage(image);
  const section: types.SectionBlock = {
    type: 'section',
    text: { type: 'plain_text', text: cut(text === '' ? ' ' : text, MAX_TEXT), emoji: false },
    ...(accessory !== undefined && { accessory }),
  };
  return image === undefined || button === undefined ? [section] : [section, renderRow([button])];
}

function renderImage({ fileId, alt }: ShownPicture): types.ImageElement {
  return { type: 'image', slack_file: { id: fileId }, alt_text: renderAlt(alt) };
}
