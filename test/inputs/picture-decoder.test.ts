import { readdirSync, readFileSync } from 'node:fs';
import sharp from 'sharp';
import { afterEach, describe, expect, it } from 'vitest';
import {
  createPictureDecoder,
  type PictureDecoder,
  type PictureDecoderOptions,
} from '../../src/inputs/picture-decoder.ts';
import { manyScans } from '../doubles/hostile-pictures.ts';

const SOON = { timeout: 20_000, interval: 20 };
/** Takes a second or more, and is no bomb. */
const SLOW = manyScans(90);

/** Processes that this one has started to decode pictures, by their ids. */
function decoders(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const [, parent] = /\) \S (\d+)/.exec(readFileSync(`/proc/${name}/stat`, 'utf8')) ?? [];
        return (
          Number(parent) === process.pid && readFileSync(`/proc/${name}/cmdline`, 'utf8').includes('decode-process')
        );
      } catch {
        return false;
      }
    })
    .map(Number);
}

describe.runIf(process.platform === 'linux')('the processes that decode pictures', () => {
  let decoder: PictureDecoder;
  let small: Buffer;
  const open = async (options?: PictureDecoderOptions) => {
    decoder = createPictureDecoder(options);
    small = await sharp({ create: { width: 40, height: 30, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
  };
  afterEach(() => decoder.close());

  it('are one for one picture after the other, and end when there is nothing to do', async () => {
    await open({ idleMs: 300 });
    await decoder.decode(small, 'ada');
    const [first] = decoders();
    await decoder.decode(small, 'ben');
    expect(decoders()).toEqual([first]);
    await expect.poll(decoders, SOON).toEqual([]);
    expect(await decoder.decode(small, 'ada')).toMatchObject({ width: 40 });
  });

  it('are killed when a picture takes too long, and the next one is read all the same', async () => {
    await open({ limitMs: 3000 });
    await decoder.decode(small, 'ada');
    const [stuck = 0] = decoders();
    process.kill(stuck, 'SIGSTOP');
    await expect(decoder.decode(small, 'ada')).rejects.toMatchObject({
      code: 'picture_too_large',
      userMessage: 'The picture takes too long to read; give a smaller one.',
    });
    await expect.poll(decoders, SOON).not.toContain(stuck);
    expect(await decoder.decode(small, 'ada')).toMatchObject({ width: 40, height: 30 });
  });

  it('that die cost their picture, which is told so, and no other', async () => {
    await open();
    const lost = decoder.decode(SLOW, 'ada');
    const told = expect(lost).rejects.toMatchObject({
      code: 'picture_unreadable',
      userMessage: 'The picture could not be read; save it again as a PNG or JPEG, or give a smaller one.',
    });
    await expect.poll(decoders, SOON).toHaveLength(1);
    process.kill(decoders()[0] ?? 0, 'SIGKILL');
    await told;
    expect(await decoder.decode(small, 'ada')).toMatchObject({ width: 40 });
    const [idle = 0] = decoders();
    process.kill(idle, 'SIGKILL');
    await expect.poll(decoders, SOON).toEqual([]);
    expect(await decoder.decode(small, 'ada')).toMatchObject({ width: 40 });
  });

  it('are never all occupied by one person', async () => {
    await open();
    const slow = Array.from({ length: 3 }, () => decoder.decode(SLOW, 'mallory'));
    let isDone = false;
    void Promise.all(slow).then(() => {
      isDone = true;
    });
    await decoder.decode(small, 'ada');
    expect(isDone).toBe(false);
    expect(decoders()).toHaveLength(2);
    await Promise.all(slow);
    expect(decoders()).toHaveLength(2);
  });

  it('are given no more pictures of one person than can soon be read', async () => {
    await open();
    const many = Array.from({ length: 12 }, () => decoder.decode(small, 'mallory'));
    const results = await Promise.allSettled(many);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(9);
    expect(results.at(-1)).toMatchObject({
      reason: { code: 'busy', userMessage: expect.stringContaining('your other pictures') },
    });
  });

  it('are gone at once when the bot stops, whatever they do', async () => {
    await open();
    await decoder.decode(small, 'ada');
    const [stuck = 0] = decoders();
    process.kill(stuck, 'SIGSTOP');
    const given = ['ada', 'ada', 'ben'].map((person) => decoder.decode(SLOW, person));
    const told = given.map((one) => expect(one).rejects.toMatchObject({ code: 'stopping' }));
    decoder.close();
    await Promise.all(told);
    await expect.poll(decoders, SOON).toEqual([]);
    await expect(decoder.decode(small, 'ada')).rejects.toMatchObject({ code: 'stopping' });
  });

  it('are told nothing of the bot’s tokens', async () => {
    process.env.DISCORD_TOKEN = 'secret';
    try {
      await open();
      await decoder.decode(small, 'ada');
      expect(readFileSync(`/proc/${decoders()[0]}/environ`, 'utf8')).not.toContain('secret');
    } finally {
      delete process.env.DISCORD_TOKEN;
    }
  });
});
