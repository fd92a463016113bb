import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, createApp } from '../../src/app/app.ts';
import { readConfig } from '../../src/app/config.ts';
import type { Request } from '../../src/core/request.ts';
import type { DispatchResult } from '../../src/platforms/port.ts';
import { pendingOf } from '../doubles/queue-reading.ts';
import { buttonId, createRecordingChannel, textOf } from '../doubles/recording-channel.ts';
import { CHANNEL, ORDINARY, personNamed } from '../doubles/samples.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/', import.meta.url));

describe('what the engine can never draw is refused before it waits in line', () => {
  const channel = createRecordingChannel();
  let folder: string;
  let app: App;
  let events = 0;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'easel-admission-'));
    mkdirSync(join(folder, 'models'));
    symlinkSync(join(FIXTURES, 'models', 'tiny-conv'), join(folder, 'models', 'tiny-conv'));
    symlinkSync(join(FIXTURES, 'loras'), join(folder, 'models', 'Lora'));
    const config = readConfig({
      ...{ EASEL_DATA: join(folder, 'data'), EASEL_MODEL: join(folder, 'models') },
      ...{ EASEL_COUNT: '1', EASEL_MEMORY_LIMIT: '400', EASEL_PROVIDER: 'cpu' },
    });
    app = await createApp(config, { ports: [channel], log: pino({ level: 'silent' }) });
    await app.start();
  });
  afterAll(async () => {
    await app.stop();
    rmSync(folder, { recursive: true });
  });

  const from = () => ({ id: `event-${events++}`, user: personNamed('Ada'), channel: CHANNEL, ...ORDINARY });
  const told = (result: DispatchResult) => (result.kind === 'private' ? textOf(result.reply) : result.kind);
  const send = async (request: Request) => told(await channel.dispatch(request));
  const imagine = (text: string) => send({ ...from(), kind: 'command', command: 'imagine', options: {}, text });
  const press = (label: string) => {
    const message = channel.ref(0);
    const id = buttonId(channel.messages[0], label);
    return channel.dispatch({ ...from(), kind: 'button', buttonId: id, message, pictures: [] });
  };
  const TOO_LARGE =
    /^A picture of \d+×\d+ would need 0\.\d GB of memory, but only 0\.4 GB are available; .*fits is (\d+×\d+)\.$/;

  it('a picture too large for the memory, with the size that fits, which then is drawn', async () => {
    const [, size = ''] = TOO_LARGE.exec(await imagine('a fox --size 2048x2048')) ?? [];
    expect(size).not.toBe('');
    expect(channel.messages).toEqual([]);
    expect(await pendingOf(app.queue)).toEqual([]);
    expect(await imagine(`a fox --steps 1 --size ${size}`)).toBe('posted');
    await expect.poll(() => channel.messages[0]?.state, { timeout: 60_000 }).toBe('done');
  });

  it.each([
    ['a fox --sampler lcm --steps 60', 'LCM allows at most 50 steps; try 4 to 8.'],
    ['a fox --clip-skip 12', /^Clip skip can be at most \d: this model's text encoder has no more layers\.$/],
    [
      'a BREAK '.repeat(41),
      'The prompt makes 41 chunks of 75 tokens, but the limit is 32; shorten it, or use BREAK less often.',
    ],
    [
      `a fox --steps 150 --negative ${'[a|b] [a|b|c] [a|b|c|d|e] [a|b|c|d|e|f|g]'}`,
      'The negative prompt has 150 different variants over its steps, but the limit is 64; use fewer alternations such as [a|b], with fewer words.',
    ],
    ['a fox <lora:oil:1>', 'There is no LoRA "oil"; use one of chalk, ink, relic, wash.'],
    ['a fox <lora:ink:1000>', 'The weight of the LoRA "ink" must be from -100 to 100; try <lora:ink:1>.'],
  ])('%s', async (typed, sentence) => {
    expect(await imagine(typed)).toMatch(sentence);
    expect(channel.messages).toHaveLength(1);
  });

  it('an enlargement by a button, and a picture that is changed', async () => {
    expect(told(await press('×4'))).toMatch(TOO_LARGE);
    const opened = await press('✏️');
    if (opened.kind !== 'form') throw new Error('✏️ opens a form');
    const values = Object.fromEntries(opened.form.fields.map(({ name, value }) => [name, value]));
    const filled = { ...values, size: '2048x1024' };
    expect(await send({ ...from(), kind: 'form', formId: opened.form.id, values: filled })).toMatch(TOO_LARGE);
    expect(channel.messages).toHaveLength(1);
  });

  it('and /info says what the engine takes', async () => {
    const info = await send({ ...from(), kind: 'command', command: 'info', options: {}, text: '' });
    expect(info).toMatch(/\*\*Memory\*\* bot \d+ MB, engine \d+ MB/);
  });
});
