import { afterAll, describe, expect, test } from 'vitest';
import { EngineError } from '../../../engine/errors.ts';
import { createEngine, type EngineTask } from '../../../engine/index.ts';
import { CPU_CAPABILITIES, type Probe, ProviderChoice } from '../../../engine/providers/choice.ts';
import { candidatesFor, candidatesOf } from '../../../engine/providers/providers.ts';
import { tinyModel } from '../goldens.ts';

/** A provider of another operating system. */
const ELSEWHERE = process.platform === 'darwin' ? 'dml' : 'coreml';

/** As a machine answers whose graphics card has no driver. */
const withoutDriver: Probe = async (provider) => {
  if (provider === 'cpu') return CPU_CAPABILITIES;
  throw new EngineError('provider_failed', `"${provider}" has no driver.`);
};

describe('the execution provider', () => {
  test.each([
    ['linux', true, ['cuda', 'cpu']],
    ['linux', false, ['cpu']],
    ['win32', false, ['dml', 'cpu']],
    ['darwin', false, ['cpu']],
  ] as const)('left to Easel on %s, CUDA installed: %s', (platform, hasCuda, expected) => {
    expect(candidatesOf('auto', platform, hasCuda)).toEqual(expected);
  });

  test('that is named is the only one tried', () => {
    expect(candidatesOf('webgpu', 'linux', true)).toEqual(['webgpu']);
  });

  test('is the CPU for int8, and no other may be named', () => {
    expect(candidatesFor('auto', 'int8')).toEqual(['cpu']);
    expect(candidatesFor('cpu', 'int8')).toEqual(['cpu']);
    expect(candidatesFor('cuda', 'float16')).toEqual(['cuda']);
    expect(() => candidatesFor('cuda', 'int8')).toThrow(
      'The precision int8 needs the provider "cpu". "cuda" runs in float16 or float32.',
    );
  });

  test('that does not work is passed over with a sentence that says what it needs', async () => {
    const choice = new ProviderChoice(['cuda', 'cpu'], withoutDriver);
    expect((await choice.current()).provider).toBe('cpu');
    expect(choice.passedOver).toHaveLength(1);
    expect(choice.passedOver[0]).toMatch(/"cuda" has no driver\. Easel uses "cpu" instead\. .*CUDA 13, cuDNN 9/);
  });

  test('that was named and does not work refuses, and says what it needs', async () => {
    const choice = new ProviderChoice(['cuda'], withoutDriver);
    await expect(choice.current()).rejects.toThrow(/"cuda" has no driver\. It needs .*NVIDIA driver/);
  });

  test('that fails at a model gives way to the next, but a broken model is nobody’s fault', async () => {
    const choice = new ProviderChoice(['dml', 'cpu'], async () => CPU_CAPABILITIES);
    expect((await choice.current()).provider).toBe('dml');
    expect(() => choice.passOver(new EngineError('corrupt_file', 'cut short'))).toThrow('cut short');
    choice.passOver(new EngineError('provider_failed', 'An operator is missing.'));
    expect((await choice.current()).provider).toBe('cpu');
  });
});

describe('an engine says how it draws', () => {
  const engines = new Set<{ close(): Promise<void> }>();
  const open = (options: Partial<Parameters<typeof createEngine>[0]>) => {
    const engine = createEngine({ modelSources: [tinyModel('tiny-linear')], ...options });
    engines.add(engine);
    return engine;
  };
  afterAll(() => Promise.all([...engines].map((engine) => engine.close())));

  test('on the processor', async () => {
    const described = await open({ provider: 'cpu', threads: 3, maxRows: 5 }).describe();
    expect(described).toMatchObject({ provider: 'cpu', slots: 1 });
    expect(described.execution).toMatchObject({ threads: 3, maxRows: 5, offload: false, passedOver: [] });
    expect(described.models[0]).toMatchObject({
      predictionType: 'v_prediction',
      hasSafetyChecker: false,
      hasTinyAutoencoder: false,
    });
  });

  test('when it cannot on the provider that was named, before any model is read', async () => {
    await expect(open({ provider: ELSEWHERE }).describe()).rejects.toThrow(
      new RegExp(`no execution provider "${ELSEWHERE}" on this machine; use one of cpu.*\\. It needs `),
    );
  });
});

describe('a driver that takes the process along', () => {
  const FATAL = new URL('../process/crashing-drivers.ts', import.meta.url);
  const options = { modelSources: [tinyModel('tiny-linear')], threads: 1, stall: { startingMs: 6000 } };
  const task: EngineTask = {
    kind: 'generate',
    spec: {
      ...{ prompt: 'a fox', negative: '', width: 64, height: 64, steps: 1, guidance: 5 },
      ...{ sampler: 'ddim', model: 'tiny-linear', seed: 3, count: 1, variations: [] },
    },
  };
  const CRASHED = /^The execution provider "cuda" crashes the engine process \(SIG\w+\) when it is tried\./;
  const HUNG = /^The execution provider "dml" hangs when it is tried\./;

  test('by a crash or by silence is passed over with a sentence, and the next one draws', async () => {
    const engine = createEngine(options, { child: FATAL, candidates: ['cuda', 'dml', 'cpu'] });
    const { provider, execution } = await engine.describe();
    expect(provider).toBe('cpu');
    expect(execution?.passedOver).toEqual([expect.stringMatching(CRASHED), expect.stringMatching(HUNG)]);
    expect(execution?.passedOver[0]).toMatch(/Easel uses "dml" instead\. It needs Linux on x64/);
    expect(execution?.passedOver[1]).toMatch(/Easel uses "cpu" instead\. It needs Windows/);
    expect((await engine.run(task)).pictures).toHaveLength(1);
    await engine.close();
  });

  test('while tasks wait for it leaves them nothing to notice', async () => {
    const engine = createEngine(options, { child: FATAL, candidates: ['cuda', 'cpu'] });
    const results = await Promise.all([engine.run(task), engine.run(task)]);
    expect(results.map(({ pictures }) => pictures.length)).toEqual([1, 1]);
    const pid = engine.pid ?? 0;
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => engine.pid).not.toBe(pid);
    // The next process is not sent into the same death.
    expect((await engine.run(task)).pictures).toHaveLength(1);
    await engine.close();
  });

  test('and was named by its operator is refused, with what it needs', async () => {
    const engine = createEngine(options, { child: FATAL, candidates: ['cuda'] });
    await expect(engine.describe()).rejects.toMatchObject({
      code: 'provider_failed',
      message: expect.stringMatching(/\(SIG\w+\) when it is tried\. It needs .*NVIDIA driver/),
    });
    await engine.close();
  });
});
