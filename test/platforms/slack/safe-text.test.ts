import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { commands } from '../../../commands/index.ts';
import { MAX_PROMPT_LENGTH } from '../../../commands/parsing/limits.ts';
import { code, mention, type RichText, sentence, strong, text } from '../../../src/core/reply.ts';
import { createNameCommands } from '../../../src/platforms/slack/command-names.ts';
import { renderFallback, renderLines } from '../../../src/platforms/slack/rich-text.ts';
import { unescapeText } from '../../../src/platforms/slack/unescape.ts';
import { messagesVisibleTo } from '../../emulators/slack/visible-message.ts';
import { openSlackFixture, PATIENCE, type SlackFixture } from './slack-fixture.ts';

const NASTY = '<!channel> <@UBOB> & *b* _i_ ~s~ `c` https://example.com @here :fox: <https://x.test|y>';

describe('text that Easel says', () => {
  it('shows a prompt as it is: nothing in it formats, links, or calls anybody', () => {
    expect(renderLines([[strong(NASTY)]])).toEqual({
      type: 'rich_text',
      elements: [{ type: 'rich_text_section', elements: [{ type: 'text', text: NASTY, style: { bold: true } }] }],
    });
    expect(renderFallback([[strong(NASTY)]])).toBe(
      '&lt;!channel&gt; &lt;@UBOB&gt; &amp; *b* _i_ ~s~ `c` https://example.com @here :fox: &lt;https://x.test|y&gt;',
    );
  });

  it('mentions only people of this Slack, whatever they are called', () => {
    const user = (platform: 'slack' | 'web', id: string) => mention({ platform, id, name: '<!here>' });
    const rendered = renderLines([[user('slack', 'UADA'), user('web', 'UADA'), user('slack', 'x|<!here>')]]);
    expect(JSON.stringify(rendered?.elements)).toBe(
      JSON.stringify([
        {
          type: 'rich_text_section',
          elements: [
            { type: 'user', user_id: 'UADA' },
            { type: 'text', text: '<!here>' },
            { type: 'text', text: '<!here>' },
          ],
        },
      ]),
    );
    expect(renderFallback([[user('slack', 'UADA')]])).toBe('&lt;!here&gt;');
  });

  it('never holds markup in its plain form, and comes back as it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (typed) => {
        const plain = renderFallback([[text(typed)]]);
        expect(plain).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)/);
        expect(unescapeText(plain)).toBe(
          typed
            .replaceAll(/[\u202a-\u202e\u2066-\u2069]/g, '')
            .replaceAll(/\s*[\n\r\u2028\u2029]\s*/g, ' ')
            .replaceAll(/[\u00a0\u2007\u202f]/g, ' ')
            .trim(),
        );
      }),
    );
  });

  it('fits into a message however much of it there is, and shows where it was cut', () => {
    const lines = fc.array(
      fc.array(fc.tuple(fc.constantFrom(text, strong, code), fc.nat(9000)), { minLength: 1, maxLength: 4 }),
      { minLength: 1, maxLength: 60 },
    );
    fc.assert(
      fc.property(lines, (shape) => {
        const written = shape.map((line) => line.map(([make, length]) => make('q'.repeat(length))));
        const length = JSON.stringify(renderLines(written)).match(/q|…/g)?.length ?? 0;
        expect(length).toBeLessThanOrEqual(10_000);
        const asked = shape.flat().reduce((sum, [, length]) => sum + length, 0);
        if (asked > 10_000) expect(JSON.stringify(renderLines(written))).toContain('…');
      }),
      { numRuns: 15 },
    );
  });
});

describe('text that Slack hands on', () => {
  it.each([
    ['a fox &amp; a &lt;lora:ink:0.8&gt;', 'a fox & a <lora:ink:0.8>'],
    ['&amp;lt;', '&lt;'],
    ['a fox --init <https://x.test/a.png?b=1&amp;c=2>', 'a fox --init https://x.test/a.png?b=1&c=2'],
    ['like <http://example.com|example.com> does', 'like example.com does'],
    ['mail <mailto:a@b.c|a@b.c>', 'mail a@b.c'],
    ['for <@U123|bob> and <@U456> in <#C1|art>', 'for @bob and @U456 in #art'],
    ['<!here> <!subteam^S1|@painters> <!date^1^{date}|today>', '@here @painters today'],
    ['a\u00a0fox', 'a fox'],
  ])('%j is read as it was typed', (written, typed) => {
    expect(unescapeText(written)).toBe(typed);
  });
});

describe('in a channel', () => {
  let fixture: SlackFixture;
  beforeEach(async () => {
    fixture = await openSlackFixture({ env: { EASEL_COUNT: '1' } });
  });
  afterEach(() => fixture.close());
  const seen = (index = 0) => fixture.visible(messagesVisibleTo(fixture.slack)[index]);

  it('a prompt that would call everybody is shown, and calls nobody', async () => {
    await fixture.slack.actions.command(`/imagine ${NASTY}`);
    await expect.poll(() => seen()?.pictures, PATIENCE).toHaveLength(1);
    expect(seen()?.text).toContain(`**${NASTY}** – @Ada`);
    for (const faces of fixture.slack.workspace.history.values()) {
      for (const { text: fallback, blocks } of faces) {
        expect(fallback).not.toContain('<');
        expect(JSON.stringify(blocks)).not.toMatch(/"type":"(?:mrkdwn|broadcast|usergroup|link|emoji)"/);
      }
    }
  });

  it('dashes and quotes that phones make are read as they were meant', async () => {
    await fixture.slack.actions.command('/imagine a fox —steps 2 —no “snow, text”');
    await expect.poll(() => seen()?.text, PATIENCE).toContain('**a fox** – @Ada\n');
    expect(seen()?.text).toContain('2 steps');
  });

  it('a prompt of the greatest length stands in a message, and in an alternative text', async () => {
    await fixture.slack.actions.command(`/imagine ${'very '.repeat(MAX_PROMPT_LENGTH / 5 - 2)}red fox`);
    await expect.poll(() => seen()?.pictures, PATIENCE).toHaveLength(1);
    expect(seen()?.text).toContain('…');
  });
});

describe('what Easel says of its commands', () => {
  it('names them as they are typed on Slack, and leaves prompts as they are', () => {
    const phrase = createNameCommands(commands.map(({ description }) => description));
    const words = (line: RichText) => phrase(line).map((span) => (span.kind === 'user' ? '' : span.text));
    expect(words(sentence('Try `/queue`, `/help imagine`, `/imagine a fox` or `/queues`.'))).toEqual([
      'Try ',
      '/easel queue',
      ', ',
      '/easel help imagine',
      ', ',
      '/imagine a fox',
      ' or ',
      '/queues',
      '.',
    ]);
    expect(words([strong('/queue of penguins'), text(' /help')])).toEqual(['/queue of penguins', ' /help']);
  });
});
