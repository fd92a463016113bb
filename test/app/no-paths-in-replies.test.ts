import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EngineError } from '../../engine/index.ts';
import { type App, createApp } from '../../src/app/app.ts';
import { readConfig } from '../../src/app/config.ts';
import type { DispatchResult } from '../../src/platforms/port.ts';
import { createExplain } from '../../src/requests/failure.ts';
import { createRecordingChannel, textOf } from '../doubles/recording-channel.ts';
import { CHANNEL, ORDINARY, personNamed } from '../doubles/samples.ts';
import { encodeSafetensors } from '../engine/model/checkpoint-file.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/', import.meta.url));
const UNET = join('unet', 'diffusion_pytorch_model.safetensors');
/** What every platform takes in one message. */
const MAX_REPLY_LENGTH = 2000;

describe('what people are told of broken files and long lists', () => {
  const channel = createRecordingChannel();
  let root: string;
  let app: App;
  let logged = '';
  let events = 0;

  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'easel paths-'));
    const models = join(root, 'my models');
    mkdirSync(join(models, 'Lora'), { recursive: true });
    mkdirSync(join(models, 'embeddings'));
    for (const name of ['good', 'torn', 'garbled']) {
      cpSync(join(FIXTURES, 'models', 'tiny-conv'), join(models, name), { recursive: true, dereference: true });
    }
    truncateSync(join(models, 'torn', UNET), 5000);
    writeFileSync(join(models, 'garbled', 'unet', 'config.json'), 'no JSON');
    writeFileSync(join(models, 'old.ckpt'), '');
    const one = { dtype: 'F32', shape: [1], bytes: new Uint8Array(4) } as const;
    writeFileSync(join(models, 'strange.safetensors'), encodeSafetensors(new Map([['a', one]])));
    for (let i = 0; i < 329; i += 1) {
      copyFileSync(
        join(FIXTURES, 'loras', 'ink.safetensors'),
        join(models, 'Lora', `brush-stroke-of-ink-${i}.safetensors`),
      );
      copyFileSync(
        join(FIXTURES, 'embeddings', 'glow.safetensors'),
        join(models, 'embeddings', `a-rather-long-word-${i}.safetensors`),
      );
    }
    writeFileSync(join(models, 'Lora', 'cut.safetensors'), 'short');
    writeFileSync(
      join(models, 'Lora', 'number.safetensors'),
      encodeSafetensors(new Map([['lora_unet_x.alpha', { ...one, dtype: 'I64', bytes: new Uint8Array(8) }]])),
    );
    writeFileSync(join(models, 'embeddings', 'halfword.safetensors'), 'short');
    const config = readConfig({
      ...{ EASEL_DATA: join(root, 'data'), EASEL_MODEL: models, EASEL_COUNT: '1', EASEL_PROVIDER: 'cpu' },
    });
    const sink = new Writable({
      write: (chunk, _encoding, done) => {
        logged += String(chunk);
        done();
      },
    });
    app = await createApp(config, { ports: [channel], log: pino({ level: 'debug' }, sink) });
    await app.start();
  });
  afterAll(async () => {
    await app.stop();
    rmSync(root, { recursive: true });
  });

  const told = (result: DispatchResult) => (result.kind === 'private' ? textOf(result.reply) : result.kind);
  const say = async (command: string, text = '') => {
    const from = { id: `event-${events++}`, user: personNamed('Ada'), channel: CHANNEL, ...ORDINARY };
    return told(await channel.dispatch({ ...from, kind: 'command', command, options: {}, text }));
  };
  const fits = (reply: string) => {
    expect(reply).not.toContain(root);
    expect(reply).not.toContain('my models');
    expect(reply).not.toContain(FIXTURES);
    expect(reply.length).toBeLessThanOrEqual(MAX_REPLY_LENGTH);
    return reply;
  };

  it.each([
    [
      'a fox <lora:brush-strok-of-ink-7:1>',
      /^There is no LoRA "brush-strok-of-ink-7"; did you mean brush-stroke-of-ink-7, .* or .*\? There are 32\d more\.$/,
    ],
    ['a fox <lora:wholly-other:1>', /^There is no LoRA "wholly-other"; use one of .* and 3\d\d more\.$/],
    [`a fox <lora:${'x'.repeat(1900)}:1>`, /^There is no LoRA "x+…"; use one of/],
    ['a fox <lora:cut:1>', /cut\.safetensors/],
    ['a fox <lora:number:1>', /number\.safetensors/],
    ['a fox, halfword', /halfword\.safetensors/],
  ])('%.40s', async (typed, sentence) => {
    expect(fits(await say('imagine', `${typed} --model good --steps 1`))).toMatch(sentence);
  });

  it('a model whose weights are torn', async () => {
    const before = channel.messages.length;
    expect(await say('imagine', 'a fox --model torn --steps 1')).toBe('posted');
    await expect.poll(() => channel.messages[before]?.state, { timeout: 60_000 }).toBe('failed');
    const shown = channel.messages[before];
    if (shown === undefined) throw new Error('the job has a message');
    expect(fits(textOf(shown))).toContain('diffusion_pytorch_model.safetensors is damaged');
    expect(logged).toContain(join(root, 'my models', 'torn', UNET));
  });

  it('the lists of what is here', async () => {
    const reply = fits(await say('models'));
    expect(reply).toContain('config.json is not JSON');
    expect(reply).toMatch(/LoRAs\*\* .* and \d+ more/);
    expect(reply).toMatch(/Textual inversions\*\* .* and \d+ more/);
    fits(await say('info'));
    expect(logged).toContain(join(root, 'my models', 'garbled', 'unet', 'config.json'));
  });
});

describe('whatever an error says', () => {
  const explain = createExplain(pino({ level: 'silent' }), ['/srv/easel data']);
  it.each([
    [
      new EngineError('corrupt_file', '/mnt/a b/x.json is not JSON.', { file: '/mnt/a b/x.json' }),
      'x.json is not JSON.',
    ],
    [new EngineError('provider_failed', 'No library /usr/lib/cuda/libx.so here.'), 'No library libx.so here.'],
    [Object.assign(new EngineError('missing_file', 'In /srv/easel data/x there is none.'), {}), 'In x there is none.'],
  ])('a person reads no path in it: %s', (error, sentence) => {
    expect(explain(error, {}).userMessage).toBe(sentence);
  });

  it('and never more than a message holds', () => {
    const { userMessage } = explain(new EngineError('bad_request', 'a, '.repeat(5000)), {});
    expect(userMessage.length).toBeLessThan(MAX_REPLY_LENGTH);
  });
});
