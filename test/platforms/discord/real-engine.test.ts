import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readParameters } from '../../../src/image/png-text.ts';
import { type DiscordFixture, finished, openDiscordFixture } from './discord-fixture.ts';

describe('the whole of Easel on Discord, with the real engine', () => {
  let fixture: DiscordFixture;
  beforeAll(async () => {
    fixture = await openDiscordFixture();
  });
  afterAll(() => fixture.close());

  it('a prompt becomes a grid with buttons, V2 varies its second picture, U1 of that enlarges the first', async () => {
    const { ada, ben, channel } = fixture;
    await ada.type(channel, 'imagine', { prompt: 'a red circle on a blue background', seed: '3', steps: 5 });
    const grid = await finished(ada, channel, 0);
    expect(grid.text).toContain('a red circle on a blue background – @Ada\nseed 3 to 6 · 128×128 · 5 steps');
    const rows = grid.buttons.map((row) => row.join(' '));
    expect(rows[0]).toBe('U1 U2 U3 U4 🔄');
    expect(rows[1]).toMatch(/^V1 V2 V3 V4/);
    expect(grid.pictures).toEqual([
      expect.objectContaining({
        contentType: 'image/png',
        alt: 'Grid of 4 pictures: a red circle on a blue background',
      }),
    ]);

    await ben.press(grid.id, 'V2');
    const varied = await finished(ben, channel, 1);
    expect(varied.text).toContain('@Ben · variation');
    expect(varied.replyTo).toBe(grid.id);

    await ben.press(varied.id, 'U1');
    const enlarged = await finished(ben, channel, 2);
    expect(enlarged.text).toContain('upscaled ×2');
    expect(enlarged.text).toContain('256×256');
    const png = enlarged.pictures[0]?.data ?? new Uint8Array();
    expect(await readParameters(png)).toContain('a red circle on a blue background');
    expect(ben.sees(channel)).toHaveLength(3);
  });

  it('nothing was refused on the way', () => {
    expect(fixture.discord.requests.filter(({ refusal }) => refusal !== undefined)).toEqual([]);
    expect(fixture.logged.filter((line) => JSON.parse(line).level >= 40)).toEqual([]);
  });
});
