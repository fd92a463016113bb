import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ControlledEngine, createControlledEngine } from '../../doubles/controlled-engine.ts';
import { manyScans, manyTexts, nestedSvg } from '../../doubles/hostile-pictures.ts';
import { type DiscordFixture, openDiscordFixture, SOON } from './discord-fixture.ts';

/** Milliseconds for an honest request, on a machine with other work; the bot's first word is due within 3000. */
const ANSWER_MS = 2500;
const png = (data: Uint8Array) => ({ filename: 'red.png', contentType: 'image/png', data: new Uint8Array(data) });

describe('hostile pictures on Discord', () => {
  let fixture: DiscordFixture;
  let engine: ControlledEngine;
  beforeEach(async () => {
    engine = createControlledEngine();
    fixture = await openDiscordFixture({ engine });
  });
  afterEach(() => fixture.close());

  async function benIsAnswered(): Promise<void> {
    const { ben, channel } = fixture;
    const began = performance.now();
    await ben.type(channel, 'imagine', { prompt: 'a crow' });
    expect(performance.now() - began).toBeLessThan(ANSWER_MS);
    const crow = () => ben.sees(channel).find(({ text }) => text.startsWith('a crow – @Ben'));
    await expect.poll(crow, { ...SOON, timeout: ANSWER_MS }).toMatchObject({ isPrivate: false });
  }

  it('attached to /imagine are refused to their sender alone, and others are answered meanwhile', async () => {
    const { ada, ben, channel } = fixture;
    const asked = Array.from({ length: 5 }, () =>
      ada.type(channel, 'imagine', { prompt: 'a fox', picture: png(nestedSvg()) }),
    );
    await benIsAnswered();
    await Promise.all(asked);
    const refused = () => ada.sees(channel).filter(({ isPrivate }) => isPrivate);
    await expect.poll(() => refused().length, SOON).toBe(5);
    for (const { text } of refused()) {
      expect(text).toBe('Easel does not read an SVG; give a PNG, JPEG or WebP.');
    }
    await expect.poll(() => ben.sees(channel).length, SOON).toBe(1);
  });

  it('on a message cost nothing when its recipe is looked for, or it is to be varied', async () => {
    const { ada, channel } = fixture;
    const bombs = [nestedSvg(), manyTexts(9000), manyScans(4000)].map((bomb) => ada.say(channel, 'look', [png(bomb)]));
    const chosen = bombs.flatMap((id) => ['Show recipe', 'Vary this'].map((title) => ada.choose(id, title)));
    await benIsAnswered();
    await Promise.all(chosen);
    const told = () => ada.sees(channel).filter(({ isPrivate, text }) => isPrivate && text !== '');
    await expect.poll(() => told().map(({ text }) => text.split(';')[0]), SOON).toHaveLength(6);
    for (const { text } of told()) expect(text).toMatch(/^(That picture has no generation parameters|The file )/);
  });
});
