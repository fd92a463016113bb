import { describe, expect, it } from 'vitest';
import { SAMPLER_NAMES } from '../../engine/index.ts';
import { ada, ben, createCommandFixture, lobby } from './command-fixture.ts';

describe('while typing', () => {
  it('at most 25 are offered, and all can be found by search', async () => {
    const fixture = createCommandFixture();
    expect(await fixture.type(ada, 'imagine', 'sampler', '')).toHaveLength(25);
    for (const name of SAMPLER_NAMES) expect(await fixture.type(ada, 'imagine', 'sampler', name)).toContain(name);
    expect(await fixture.type(ada, 'imagine', 'sampler', '2m sde karras')).toEqual(['dpmpp_2m_sde_karras']);
    expect(await fixture.type(ada, 'settings', 'sampler', 'DPM++ 2M Kar')).toContain('dpmpp_2m_karras');
  });

  it('styles are found by name and by what they are', async () => {
    const fixture = createCommandFixture();
    expect((await fixture.type(ada, 'imagine', 'style', 'p')).slice(0, 3)).toEqual(['pencil', 'photo', 'pixel-art']);
    expect(await fixture.type(ada, 'settings', 'style', 'stop motion')).toEqual(['clay']);
    expect(await fixture.type(ada, 'imagine', 'style', 'none')).toContain('none');
    expect(await fixture.type(ada, 'styles', 'style', 'none')).not.toContain('none');
  });

  it('models are those of the channel, and sizes those of the model', async () => {
    const fixture = createCommandFixture();
    await fixture.context.settings.setChannel(lobby, { models: ['sd-v1-4'] });
    expect(await fixture.type(ada, 'imagine', 'model', '')).toEqual(['sd-v1-4']);
    expect(await fixture.type(ada, 'channel', 'models', 'sd-v1-4, sk')).toEqual(['sd-v1-4, sketch']);
    expect(await fixture.type(ada, 'imagine', 'size', '3:2')).toEqual(['624x416']);
    expect(await fixture.type(ada, 'imagine', 'size', '1:1', { model: 'sketch' })).toEqual(['128x128']);
  });

  it('of a list the last is being typed, and none is offered twice', async () => {
    const fixture = createCommandFixture();
    const engine = { ...fixture.context.engine, loras: ['ink', 'chalk', 'inkwash'] };
    const { complete } = await import('../../commands/complete.ts');
    const typing = { user: ada, channel: lobby, command: 'imagine', option: 'lora', options: {} };
    const offered = await complete({ ...typing, typed: 'ink:0.8, in' }, { ...fixture.context, engine });
    expect(offered.map(({ value }) => value)).toEqual(['ink:0.8, inkwash']);
  });

  it('one’s own finished pictures are found by their words', async () => {
    const fixture = createCommandFixture();
    const fox = fixture.finish(await fixture.imagine(ada, `a fox in the snow ${'🦊'.repeat(80)}`));
    fixture.finish(await fixture.imagine(ada, 'a hare'));
    fixture.finish(await fixture.imagine(ben, 'a fox of his'));
    expect(await fixture.type(ada, 'show', 'which', 'snow fox')).toEqual([fox.id]);
    expect(await fixture.type(ada, 'show', 'which', 'star')).toEqual(['starred']);
    expect(await fixture.type(ben, 'info', 'picture', '')).toHaveLength(1);
  });
});
