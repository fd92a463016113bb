import { describe, expect, it } from 'vitest';
import { specOf } from '../../../engine/index.ts';
import { formatParameters } from '../../../src/core/parameters.ts';
import type { Style } from '../../../src/core/style.ts';
import { writeParameters } from '../../../src/image/png-text.ts';
import { ada, ben, createCommandFixture, fileOf, formOf, lobby } from '../command-fixture.ts';

const MODERATOR = { isModerator: true };

async function fixtureWith(block: string) {
  const fixture = createCommandFixture();
  await fixture.say(ada, 'channel', '', { block }, lobby, MODERATOR);
  return fixture;
}

const REFUSED = { code: 'rule_words' };

describe('what a channel does not allow is refused in whatever way the model would come to read it', () => {
  it.each([
    'gore',
    'g()ore',
    'g(ore:1)',
    'g(ore:1.3)',
    '((g))ore',
    '[g]ore',
    'go\\re',
    'g\\ore',
    '[g:g:0.5]ore',
    '[gor:0]e',
    '[gore:a cat:5]',
    '[a cat:gore:0.9]',
    '[a cat:[a dog|gore]:0.9]',
    '[go|gor]e',
    '(a [b|[c|(gore:1.2)]])',
    'g<lora:x:1>ore',
    'g<lora:x:1><lora:y>ore',
    'dead [x:body:0]',
    'dead(body:1.2)',
    'dead BREAK body',
    'dead<|endoftext|>body',
    'de\\ad body',
    '<lora:gore:1>',
    '<lora:my_gore_v2:0>',
    'gore™',
    'DE\u0336AD\u200bBODY dead\u200bbody',
    'gore2',
    'Gore!',
  ])('%s', async (prompt) => {
    const fixture = await fixtureWith('gore, dead body');
    await expect(fixture.imagine(ada, prompt)).rejects.toMatchObject(REFUSED);
    await expect(fixture.imagine(ada, `a cat, ${prompt} in the rain`)).rejects.toMatchObject(REFUSED);
  });

  it.each([
    'Gorey',
    'the gorge',
    'a (go:1.2) re',
    'dead (and) body',
    'a [dead:alive:0.5] tree',
    'forgo (rest)',
    'a [body|face]',
    'a cat --no gore',
  ])('but not %s', async (prompt) => {
    const fixture = await fixtureWith('gore, dead body');
    await expect(fixture.imagine(ada, prompt)).resolves.toBeDefined();
  });

  it('reads brackets as text where the model does', async () => {
    const fixture = await fixtureWith('gore');
    await expect(fixture.imagine(ada, 'g()ore --syntax plain')).resolves.toBeDefined();
    await expect(fixture.imagine(ada, 'g<lora:x:1>ore --syntax plain')).rejects.toMatchObject(REFUSED);
  });

  it("in a style's words, and in what they make of a person's own", async () => {
    const fixture = await fixtureWith('gore, dead body');
    const style = (prompt: string): Style => ({ name: 'dark', about: '', prompt, negative: '' });
    for (const words of ['{prompt}, go\\re', '[g:g:1]{prompt}', 'dead {prompt}']) {
      Object.assign(fixture.context, { styles: [style(words)] });
      const typed = words.startsWith('dead') ? 'body' : words.includes('[g:') ? 'ore' : 'a cat';
      await expect(fixture.imagine(ada, `${typed} --style dark`), words).rejects.toMatchObject(REFUSED);
    }
  });

  it('in the name of a LoRA, and in a learned word by its name and by the token in its file', async () => {
    const fixture = await fixtureWith('gore');
    const engine = { ...fixture.context.engine, learnedTokens: { pretty: ['<gore>'], Nice: ['<cat-toy>'] } };
    Object.assign(fixture.context, { engine });
    await expect(fixture.imagine(ada, 'a cat --lora "gore style:0.5"')).rejects.toMatchObject(REFUSED);
    await expect(fixture.imagine(ada, 'a PRETTY cat')).rejects.toMatchObject(REFUSED);
    await expect(fixture.imagine(ada, 'a p()retty cat')).rejects.toMatchObject(REFUSED);
    await expect(fixture.imagine(ada, 'a prettier, nice cat')).resolves.toBeDefined();
  });

  it('in a remix, in what is made of earlier pictures, and in the recipe of a picture that is handed over', async () => {
    const fixture = createCommandFixture();
    const innocent = fixture.finish(await fixture.imagine(ada, 'a cat'));
    const earlier = fixture.finish(await fixture.imagine(ada, '[g:g:0.5]ore --count 1'));
    await fixture.say(ada, 'channel', '', { block: 'gore' }, lobby, MODERATOR);
    const form = formOf(await fixture.press(ben, 'remix', innocent));
    await expect(fixture.fill(ben, form, { prompt: 'go\\re' })).rejects.toMatchObject(REFUSED);
    for (const action of ['reroll', 'vary', 'upscale'] as const) {
      await expect(fixture.press(ben, action, earlier), action).rejects.toMatchObject(REFUSED);
    }
    const recipe = formatParameters({ kind: 'generate', spec: specOf(earlier.task) }, 'Sketch');
    const png = writeParameters(ONE_PIXEL, recipe);
    await expect(fixture.act(ben, 'vary', { pictures: [fileOf(png)] })).rejects.toMatchObject(REFUSED);
  });

  it('takes no longer for thousands of stages', async () => {
    const fixture = await fixtureWith(Array.from({ length: 250 }, (_, i) => `word ${i}`).join(', '));
    const began = performance.now();
    await expect(fixture.imagine(ada, `${'[a|b|c]'.repeat(280)} --steps 150`)).resolves.toBeDefined();
    const many = ['[a|b]', '[a|b|c]', '[a|b|c|d|e]', '[a|b|c|d|e|f|g]'].join('');
    await expect(fixture.imagine(ada, `${many.repeat(35)} --steps 150`)).rejects.toThrow(
      'The prompt has 150 different variants over its steps, but the limit is 64; use fewer alternations such as [a|b], with fewer words.',
    );
    await expect(fixture.imagine(ada, `${many.repeat(35)} --steps 60`)).resolves.toBeDefined();
    expect(performance.now() - began).toBeLessThan(3000);
  });
});

const ONE_PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
  'base64',
);
