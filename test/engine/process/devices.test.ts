import { resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { createEngine, type EngineLoss, type GenerationSpec, isEngineError } from '../../../engine/index.ts';
import { tinyModel } from '../goldens.ts';

const SKETCH = resolve('models/sketch');
const spec: GenerationSpec = {
  ...{ prompt: 'a fox', negative: '', width: 64, height: 64, steps: 4, guidance: 5, sampler: 'ddim' },
  ...{ model: 'sketch', seed: 0, count: 1, variations: [] },
};
const task = (changes: Partial<GenerationSpec> = {}) => ({ kind: 'generate', spec: { ...spec, ...changes } }) as const;
const PATIENCE = { timeout: 60_000 };

/** Two processes on the CPU stand for two GPUs: everything but the session's own device number is the same. */
describe('an engine of two devices', () => {
  const engine = createEngine({
    ...{ modelSources: [SKETCH, tinyModel('tiny-conv')], provider: 'cpu', previewEvery: 0 },
    ...{ threads: 1, devices: [0, 3], memoryLimit: 4e9 },
  });
  afterAll(() => engine.close());

  test('describes both as one, each with its share of the memory', async () => {
    const description = await engine.describe();
    expect(description).toMatchObject({ devices: 2, slots: 1, provider: 'cpu', execution: { memoryLimit: 2e9 } });
    expect(engine.devices).toEqual([
      { device: 0, running: 0 },
      { device: 3, running: 0 },
    ]);
  });

  test('draws on both at the same time, each with the model that it was asked for', async () => {
    await Promise.all([engine.load('sketch'), engine.run(task({ model: 'tiny-conv' }), { device: 1 })]);
    const phases: string[] = [];
    const draw = (device: number, model: string) =>
      engine
        .run(task({ model, steps: 40, width: 128, height: 128 }), {
          device,
          onProgress: ({ phase }) => phases.push(`${device} ${phase}`),
        })
        .finally(() => phases.push(`${device} done`));
    await Promise.all([draw(0, 'sketch'), draw(1, 'tiny-conv')]);
    for (const device of [0, 1]) {
      const other = 1 - device;
      expect(phases.indexOf(`${device} denoising`)).toBeLessThan(phases.indexOf(`${other} done`));
    }
    expect(engine.devices?.map(({ model }) => model)).toEqual(['sketch', 'tiny-conv']);
    expect(new Set(engine.pids).size).toBe(2);
    expect(engine.memoryBytes).toBeGreaterThan(100e6);
  });

  test('draws the same picture on each', async () => {
    const [first, second] = await Promise.all([0, 1].map((device) => engine.run(task(), { device })));
    expect(Buffer.from(first?.pictures[0]?.rgb ?? []).equals(second?.pictures[0]?.rgb ?? Buffer.alloc(0))).toBe(true);
  });

  test('loses the tasks of a device whose process was killed, and of no other', async () => {
    const losses: EngineLoss[] = [];
    engine.onLost?.((loss) => losses.push(loss));
    let steps = 0;
    const long = task({ model: 'tiny-conv', steps: 60, width: 128, height: 128 });
    const survivor = engine.run(long, { device: 0 });
    const killed = engine.run(long, { device: 1, onProgress: () => steps++ }).catch((error: unknown) => error);
    await expect.poll(() => steps, PATIENCE).toBeGreaterThan(4);
    const [, pid] = engine.pids;
    if (pid === undefined) throw new Error('the second device has no process');
    process.kill(pid, 'SIGKILL');
    const error = await killed;
    expect(isEngineError(error) && error.code).toBe('engine_crashed');
    expect((await survivor).pictures).toHaveLength(1);
    expect(losses).toMatchObject([{ device: 3, pid }]);
    expect(engine.devices?.[1]?.model).toBeUndefined();
    expect((await engine.run(task(), { device: 1 })).pictures).toHaveLength(1);
  });

  test('cancels on the device that draws, and on no other', async () => {
    const controller = new AbortController();
    const long = task({ model: 'tiny-conv', steps: 40, width: 128, height: 128 });
    const other = engine.run(long, { device: 0 });
    const cancelled = engine.run(long, {
      ...{ device: 1, signal: controller.signal },
      onProgress: ({ step }) => step > 2 && controller.abort(),
    });
    await expect(cancelled).rejects.toMatchObject({ code: 'aborted' });
    expect((await other).pictures).toHaveLength(1);
  });
});

test('a device that does not work is named', async () => {
  const provider = process.platform === 'darwin' ? 'dml' : 'coreml';
  const engine = createEngine({ modelSources: [SKETCH], provider, devices: [0, 1] });
  await expect(engine.describe()).rejects.toThrow(/^Device 0 cannot be used\./);
  await engine.close();
});
