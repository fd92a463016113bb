import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { manyScans, manyTexts, nestedSvg } from '../../doubles/hostile-pictures.ts';
import { ADA, BOB, BOT } from '../../emulators/slack/workspace.ts';
import { openSlackFixture, PATIENCE, type SlackFixture } from './slack-fixture.ts';

/** Milliseconds for an honest request, on a machine with other work; the acknowledgement is due within 3000. */
const ANSWER_MS = 2500;

describe('hostile pictures on Slack', () => {
  let fixture: SlackFixture;
  beforeEach(async () => {
    fixture = await openSlackFixture();
  });
  afterEach(() => fixture.close());

  const texts = (person: typeof ADA) =>
    fixture.slack.workspace.messages
      .filter(({ user, onlyFor }) => user === BOT.id && (onlyFor === undefined || onlyFor === person.id))
      .map((message) => fixture.visible(message)?.text ?? '');

  async function bobIsAnswered(): Promise<void> {
    const began = performance.now();
    await fixture.slack.actions.command('/imagine a crow --count 1', { person: BOB });
    expect(performance.now() - began).toBeLessThan(ANSWER_MS);
    await expect.poll(() => texts(BOB).join('\n'), PATIENCE).toContain('**a crow** – @Bob');
  }

  it('attached to a mention are refused to their sender alone, and others are answered meanwhile', async () => {
    const { actions } = fixture.slack;
    const said = Array.from({ length: 5 }, () => actions.say('@Easel a fox', { files: [nestedSvg()] }));
    await bobIsAnswered();
    await Promise.all(said);
    const refused = () => texts(ADA).filter((text) => text.includes('SVG'));
    await expect.poll(() => refused().length, PATIENCE).toBe(5);
    expect(refused()[0]).toBe('Easel does not read an SVG; give a PNG, JPEG or WebP.');
    expect(texts(BOB).join('\n')).not.toContain('SVG');
  });

  it('on a message cost nothing when its recipe is looked for, or it is to be varied', async () => {
    const { actions } = fixture.slack;
    const messages = await Promise.all(
      [nestedSvg(), manyTexts(9000), manyScans(4000)].map((bomb) => actions.say('look', { files: [bomb] })),
    );
    const chosen = messages.flatMap((message) =>
      ['Show recipe', 'Vary this'].map((name) => actions.messageShortcut(name, message)),
    );
    await bobIsAnswered();
    await Promise.all(chosen);
    const told = () => texts(ADA).filter((text) => /^(That picture has no generation parameters|The file )/.test(text));
    await expect.poll(() => told().length, PATIENCE).toBe(6);
  });
});
