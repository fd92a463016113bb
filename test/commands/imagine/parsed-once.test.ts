import { beforeEach, describe, expect, it, vi } from 'vitest';
import { collectOptions } from '../../../commands/parsing/collect-options.ts';
import { parseFlags } from '../../../commands/parsing/flags.ts';
import { specOf } from '../../../engine/index.ts';
import { formatParameters } from '../../../src/core/parameters.ts';
import { encodePng } from '../../../src/image/encode.ts';
import { ada, createCommandFixture, fileOf, formOf } from '../command-fixture.ts';

vi.mock('../../../commands/parsing/collect-options.ts', { spy: true });
vi.mock('../../../commands/parsing/flags.ts', { spy: true });

/** Commands, and how often input was parsed and each settings record was read since `reset`. */
function createCountedFixture() {
  const fixture = createCommandFixture();
  const ofUser = vi.spyOn(fixture.context.settings, 'ofUser');
  const ofChannel = vi.spyOn(fixture.context.settings, 'ofChannel');
  const reads = () => ({
    parses: vi.mocked(collectOptions).mock.calls.length,
    user: ofUser.mock.calls.length,
    channel: ofChannel.mock.calls.length,
  });
  const reset = () => vi.clearAllMocks();
  return { ...fixture, reads, reset };
}

describe('one request', () => {
  beforeEach(() => vi.clearAllMocks());

  it('by /imagine is parsed once, and each settings record is read once', async () => {
    const { imagine, reads } = createCountedFixture();
    await imagine(ada, 'a fox --steps 12 --spoiler');
    expect(vi.mocked(parseFlags)).toHaveBeenCalledTimes(1);
    expect(reads()).toEqual({ parses: 1, user: 1, channel: 1 });
  });

  it('with a picture and a mask is parsed once, and its seed is chosen once', async () => {
    const { imagine, reads } = createCountedFixture();
    const { task } = await imagine(ada, 'a fox --init https://example.com/a.png --mask https://example.com/b.png');
    expect(specOf(task)).toMatchObject({
      seed: 1000,
      ...{ width: 184, height: 88 },
      init: { image: 'https://example.com/a.png', mask: 'https://example.com/b.png', strength: 0.75 },
    });
    expect(vi.mocked(parseFlags)).toHaveBeenCalledTimes(1);
    expect(reads()).toEqual({ parses: 1, user: 1, channel: 1 });
  });

  it('by the form of all options is parsed once', async () => {
    const { fill, take, reads, reset, queue } = createCountedFixture();
    const form = formOf(await take(ada, 'imagine'));
    reset();
    await fill(ada, form, { prompt: 'a fox', steps: '12' });
    expect(specOf(queue.last().task)).toMatchObject({ prompt: 'a fox', steps: 12 });
    expect(reads()).toEqual({ parses: 1, user: 1, channel: 1 });
  });

  it('by the remix form is parsed once', async () => {
    const { fill, press, imagine, finish, reads, reset, queue } = createCountedFixture();
    const job = finish(await imagine(ada, 'a fox --init https://example.com/a.png'));
    const form = formOf(await press(ada, 'remix', job));
    reset();
    await fill(ada, form, { prompt: 'a wolf' });
    expect(specOf(queue.last().task)).toMatchObject({ prompt: 'a wolf', init: { image: 'https://example.com/a.png' } });
    expect(reads()).toEqual({ parses: 1, user: 0, channel: 1 });
  });

  it.each(['vary', 'reroll', 'upscale'] as const)(
    'by the button %s parses nothing and reads the channel once',
    async (action) => {
      const { press, imagine, finish, reads, reset, queue } = createCountedFixture();
      const job = finish(await imagine(ada, 'a fox'));
      reset();
      await press(ada, action, job);
      expect(queue.last().id).not.toBe(job.id);
      expect(reads()).toEqual({ parses: 0, user: 0, channel: 1 });
    },
  );

  it("on a picture's own recipe parses that once, and reads each record once", async () => {
    const { act, imagine, reads, reset, queue } = createCountedFixture();
    const { task } = await imagine(ada, 'a fox --count 1 --seed 42');
    const png = await encodePng(
      { rgb: new Uint8Array(8 * 8 * 3), width: 8, height: 8 },
      formatParameters(task, 'Sketch'),
    );
    reset();
    await act(ada, 'vary', { pictures: [fileOf(png)] });
    expect(specOf(queue.last().task)).toMatchObject({ prompt: 'a fox', seed: 42 });
    expect(reads()).toEqual({ parses: 1, user: 1, channel: 1 });
  });
});
