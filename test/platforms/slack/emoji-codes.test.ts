import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { undoEmojiCodes } from '../../../src/platforms/slack/emoji-codes.ts';
import names from '../../../src/platforms/slack/emoji-names.json' with { type: 'json' };
import { readModal } from '../../../src/platforms/slack/modal.ts';
import { unescapeText } from '../../../src/platforms/slack/unescape.ts';

describe('emoji that Slack wrote as codes', () => {
  it.each([
    ['a :fox_face: in snow', 'a 🦊 in snow'],
    ['[:fox_face:::rabbit::0.5]', '[🦊:🐰:0.5]'],
    ['[:fox_face:::rabbit::10], (:sunny::1.3)', '[🦊:🐰:10], (☀️:1.3)'],
    ['[:fox_face:|:rabbit:]', '[🦊|🐰]'],
    ['a cat:cat: and :+1:', 'a cat🐱 and 👍'],
    [':wave::skin-tone-3: :wave:', '👋🏼 👋'],
    [':female-doctor::skin-tone-6:', '👩🏿‍⚕️'],
    [':people_holding_hands::skin-tone-2-4:', '🧑🏻‍🤝‍🧑🏽'],
    [':fox_face::skin-tone-3:', '🦊'],
    [':flag-de::flag-br:', '🇩🇪🇧🇷'],
    [':man-woman-girl-boy:', '👨‍👩‍👧‍👦'],
    [':heart: :one: :100:', '❤️ 1️⃣ 💯'],
    [':party-parrot: stays', ':party-parrot: stays'],
  ])('%s is %s', (written, typed) => {
    expect(undoEmojiCodes(written)).toBe(typed);
  });

  it.each([
    '[cat:dog:0.5]',
    '[a red cat:dog: 12 ]',
    '[:dog:0.5]',
    '<lora:fire:0.8>',
    '<lora:fire:dog:0.8> <hypernet:fire:1>',
    'at 10:100:50, 16:9, (fox:1.2)',
    'https://example.com/a:8080',
  ])('%s has none', (text) => {
    expect(undoEmojiCodes(text)).toBe(text);
  });

  it('are turned back wherever a person typed: in messages and commands, and in forms', () => {
    expect(unescapeText('[:fox_face:::rabbit::0.5] &lt;lora:fire:1&gt;')).toBe('[🦊:🐰:0.5] <lora:fire:1>');
    const values = { 'field:prompt': { prompt: { value: 'a :fox_face:' } }, 'field:style': { style: { value: null } } };
    expect(readModal({ callback_id: 'x', private_metadata: '', state: { values } }).values).toEqual({
      prompt: 'a 🦊',
      style: '',
    });
  });

  it('are known by every name, with a character that is an emoji', () => {
    expect(Object.keys(names).length).toBeGreaterThan(1900);
    for (const [name, character] of Object.entries(names)) {
      expect(undoEmojiCodes(`:${name}:`), name).toBe(character);
      expect(character, name).toMatch(/\p{Emoji}/u);
    }
  });

  it('cost time that the length allows', () => {
    const start = performance.now();
    for (const part of [':', ':a', ':fox_face', '<a:', ':wave::skin-tone-', ':a: 1'])
      undoEmojiCodes(part.repeat(50_000));
    fc.assert(fc.property(fc.string(), (text) => typeof undoEmojiCodes(text) === 'string'));
    expect(performance.now() - start).toBeLessThan(3000);
  });
});
