import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readParameters } from '../../../src/image/png-text.ts';
import { messagesVisibleTo } from '../../emulators/slack/visible-message.ts';
import { openSlackFixture, type SlackFixture, sketchEngine } from './slack-fixture.ts';

const PATIENCE = { timeout: 60_000, interval: 50 };

describe('Easel in Slack, with the real engine and the embedded model', () => {
  let fixture: SlackFixture;
  beforeEach(async () => {
    fixture = await openSlackFixture({ engine: sketchEngine });
  });
  afterEach(() => fixture.close());

  const message = (index: number) => messagesVisibleTo(fixture.slack)[index];
  const seen = (index: number) => fixture.visible(message(index));
  const press = async (index: number, label: string) => {
    const pressed = message(index);
    if (pressed === undefined) throw new Error(`no message ${index}`);
    await fixture.slack.actions.press(pressed, label);
  };

  it('draws what /imagine describes, varies it and enlarges it', async () => {
    await fixture.slack.actions.command('/imagine a red circle --steps 4 --seed 7');
    await expect.poll(() => seen(0)?.buttons, PATIENCE).toContain('V1 V2 V3 V4 🗑');
    expect(seen(0)?.text).toContain('**a red circle** – @Ada\nseed 7 to 10');
    expect(seen(0)?.pictures).toEqual(['Grid of 4 pictures: a red circle']);
    await press(0, 'V2');
    await expect.poll(() => seen(1)?.text, PATIENCE).toContain('· variation\nseed 8');
    await press(1, 'U1');
    await expect.poll(() => seen(2)?.pictures, PATIENCE).toEqual(['Picture: a red circle']);
    await expect.poll(() => seen(2)?.text, PATIENCE).toContain('upscaled ×2');
    const shown = [...fixture.slack.workspace.files.values()].at(-1);
    expect(shown?.mimetype).toBe('image/png');
    expect(await sharp(shown?.data).metadata()).toMatchObject({ width: 256, height: 256 });
    expect(await readParameters(shown?.data ?? new Uint8Array())).toMatch(
      /^a red circle\nSteps: 4, .*Hires upscale: 2/,
    );
  }, 180_000);
});
