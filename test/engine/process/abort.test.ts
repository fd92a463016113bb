import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { createEngine, type EngineTask } from '../../../engine/index.ts';
import { tinyModel } from '../goldens.ts';

/** What a child that is stopped has sent before is read by then. */
const DRAINED_MS = 200;

const generate = (seed: number, steps: number): EngineTask => ({
  kind: 'generate',
  spec: {
    ...{ prompt: 'a red fox', negative: '', width: 64, height: 64, steps, guidance: 5, sampler: 'ddim', seed },
    ...{ model: 'tiny-conv', count: 1, variations: [] },
  },
});

describe('a task of the engine’s process that is cancelled', () => {
  const engine = createEngine({ modelSources: [tinyModel('tiny-conv')], threads: 1, previewEvery: 0 });
  afterAll(() => engine.close());

  test('wherever it stands, has ended before the others have taken two more steps', async () => {
    for (const at of [1, 4, 9]) {
      const controller = new AbortController();
      let steps = 0;
      let sinceAbort = 0;
      const other = engine.run(generate(2, 30), {
        onProgress: ({ phase }) => {
          if (phase !== 'denoising') return;
          steps += 1;
          if (controller.signal.aborted) sinceAbort += 1;
        },
      });
      const cancelled = engine.run(generate(1, 150), { signal: controller.signal }).catch(() => sinceAbort);
      await expect.poll(() => steps, { interval: 1, timeout: 30_000 }).toBeGreaterThanOrEqual(at);

      // Stopped, the process stands somewhere in a step, most likely in a network, and does not know of its end yet.
      const { pid = 0 } = engine;
      process.kill(pid, 'SIGSTOP');
      await sleep(DRAINED_MS);
      for (let turn = 0; turn < 20; turn += 1) await setImmediate();
      controller.abort();
      process.kill(pid, 'SIGCONT');
      expect(await cancelled).toBeLessThanOrEqual(1);
      expect((await other).pictures).toHaveLength(1);
    }
  });

  test('does not wait for a process that is started again only after a pause', async () => {
    const { pid = 0 } = engine;
    const killed = engine.run(generate(1, 150), {
      onProgress: ({ step }) => step === 2 && process.kill(pid, 'SIGKILL'),
    });
    await expect(killed).rejects.toMatchObject({ code: 'engine_crashed' });
    const controller = new AbortController();
    const waiting = engine.run(generate(1, 2), { signal: controller.signal });
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'aborted' });
    expect(engine.pid).toBeUndefined();
  });
});
