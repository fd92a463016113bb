import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEngine, type EngineHost } from '../../engine/index.ts';
import { type App, createApp } from '../../src/app/app.ts';
import { readConfig } from '../../src/app/config.ts';
import type { Request } from '../../src/core/request.ts';
import { readParameters } from '../../src/image/png-text.ts';
import { createLog } from '../../src/lib/log.ts';
import {
  buttonId,
  buttonsOf,
  createRecordingChannel,
  type RecordingChannel,
  statesOf,
  textOf,
} from '../doubles/recording-channel.ts';
import { CHANNEL, ORDINARY, personNamed } from '../doubles/samples.ts';

const MODEL = fileURLToPath(new URL('../fixtures/models/tiny-conv', import.meta.url));
const PATIENCE = { timeout: 120_000 };

describe('the app with the real engine', () => {
  let folder: string;
  let channel: RecordingChannel;
  let engine: EngineHost;
  let app: App;
  let requests = 0;
  let logged: Record<string, unknown>[];

  async function start(): Promise<void> {
    engine = createEngine({ modelSources: [MODEL], threads: 1, previewEvery: 1, stall: { silenceMs: 6000 } });
    const log = createLog('warn', { write: (line) => logged.push(JSON.parse(line)) });
    const config = readConfig({ EASEL_DATA: folder, EASEL_MODEL: MODEL, EASEL_COUNT: '2', EASEL_CONCURRENCY: '1' });
    app = await createApp(config, { engine, ports: [channel], log });
    await app.start();
  }

  const from = () => ({ id: `event-${requests++}`, user: personNamed('Ada'), channel: CHANNEL, ...ORDINARY });
  const send = (request: Request) => channel.dispatch(request);
  const type = (text: string) => send({ ...from(), kind: 'command', command: 'imagine', options: {}, text });
  const press = (index: number, label: string) => {
    const id = buttonId(channel.messages[index], label);
    return send({ ...from(), kind: 'button', buttonId: id, message: channel.ref(index), pictures: [] });
  };
  const isDone = (index: number) => expect.poll(() => channel.messages[index]?.state, PATIENCE).toBe('done');

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'easel-app-'));
    channel = createRecordingChannel();
    logged = [];
    await start();
  });
  afterEach(async () => {
    await app.stop();
    rmSync(folder, { recursive: true });
  });

  it('makes a picture of a prompt, and its buttons work, also after a restart', async () => {
    await type('a red circle --steps 3 --size 64x64 --seed 0');
    await isDone(0);
    expect(textOf(channel.messages[0])).toContain('**a red circle** – @Ada\nseed 0 to 1 · 64×64 · 3 steps');
    expect(buttonsOf(channel.messages[0]).slice(0, 2)).toEqual(['U1 U2 🔄', 'V1 V2 🗑']);
    await press(0, 'V2');
    await isDone(1);
    expect(textOf(channel.messages[1])).toContain('· variation');

    await app.stop();
    await start();
    await press(0, 'U1');
    await isDone(2);
    expect(textOf(channel.messages[2])).toContain('· upscaled ×2\nseed 0 · 128×128');
    expect(channel.messages[2]?.pictures[0]).toMatchObject({ width: 128, height: 128 });
    const parameters = await readParameters(channel.messages[2]?.pictures[0]?.data ?? new Uint8Array());
    expect(parameters).toMatch(/^a red circle\nSteps: 3, .*Seed: 0, Size: 64x64, .*Hires upscale: 2/);
    await press(2, 'Enlarge ×2');
    await isDone(3);
    expect(textOf(channel.messages[3])).toContain('· enlarged ×2\nseed 0 · 256×256');
    await press(0, '🗑');
    expect(statesOf(channel.messages)).toEqual(['done', 'done', 'done']);
  });

  // On Windows every signal kills.
  const HANGS = process.platform === 'win32' ? [] : (['SIGSTOP'] as const);
  it.each(['SIGKILL', ...HANGS] as const)(
    'goes on with a picture whose engine got %s, says so in message and log, and delivers it once',
    async (signal) => {
      await type('a red circle --steps 40 --size 128x128 --count 1');
      await expect.poll(() => channel.messages[0]?.progress ?? 0, PATIENCE).toBeGreaterThan(0.05);
      const { pid } = engine;
      if (pid === undefined) throw new Error('the engine is not running');
      process.kill(pid, signal);
      await isDone(0);
      const [said, why] =
        signal === 'SIGSTOP'
          ? [
              'The engine stopped answering and was restarted; this picture is drawn again.',
              '(it has not responded for|one step has taken)',
            ]
          : ['The engine ended unexpectedly and was restarted; this picture is drawn again.', 'the system killed it'];
      const again = channel.history(0).map(textOf);
      expect(again.some((shown) => shown.includes(`(restarting)\n${said}`))).toBe(true);
      expect(textOf(channel.messages[0])).not.toContain(said);
      expect(logged).toEqual([
        expect.objectContaining({ pid, tasks: 1, msg: expect.stringMatching(`the engine process ended: ${why}`) }),
      ]);
      expect(statesOf(channel.messages)).toEqual(['done']);
      expect(statesOf(channel.history(0)).filter((state) => state === 'done')).toHaveLength(1);
    },
  );

  it.skipIf(process.platform === 'win32')(
    'gives up a picture whose engine hangs each time, with a sentence',
    async () => {
      const stopped = new Set<number>();
      const hang = setInterval(() => {
        const { pid } = engine;
        if (pid === undefined || stopped.has(pid) || stopped.size === 2) return;
        if ((channel.messages.at(-1)?.progress ?? 0) < 0.05) return;
        stopped.add(pid);
        process.kill(pid, 'SIGSTOP');
      }, 20);
      await type('a red circle --steps 40 --size 128x128 --count 1');
      await expect.poll(() => channel.messages[0]?.state, PATIENCE).toBe('failed');
      clearInterval(hang);
      expect(textOf(channel.messages[0])).toContain('The engine stopped responding each time it drew this');
      expect(logged.filter(({ cause }) => cause === 'hung')).toHaveLength(2);
      await type('a blue square --steps 2 --size 64x64');
      await isDone(1);
    },
  );

  it('continues after a restart what was being drawn, and what waited', async () => {
    await type('a red circle --steps 40 --size 128x128 --count 1');
    await type('a blue square --steps 2 --size 64x64');
    await expect.poll(() => channel.messages[0]?.progress ?? 0, PATIENCE).toBeGreaterThan(0.05);
    await app.stop();
    expect(statesOf(channel.messages)).toEqual(['running', 'waiting']);
    await start();
    await isDone(1);
    expect(statesOf(channel.messages)).toEqual(['done', 'done']);
  });

  it('cancels a picture in the middle', async () => {
    await type('a red circle --steps 150 --size 256x256');
    await expect.poll(() => channel.messages[0]?.progress ?? 0, PATIENCE).toBeGreaterThan(0);
    await press(0, '❌');
    await expect.poll(() => channel.messages[0]?.state).toBe('cancelled');
    await type('a blue square --steps 2 --size 64x64');
    await isDone(1);
  });
});
