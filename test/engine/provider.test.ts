import { afterAll, describe, expect, test } from 'vitest';
import { EngineError } from '../../engine/errors.ts';
import { createEngine } from '../../engine/index.ts';
import { candidatesOf } from '../../engine/provider.ts';
import { CPU_ABILITY, type Probe, ProviderChoice } from '../../engine/provider-choice.ts';
import { tinyModel } from './goldens.ts';

/** A provider of another operating system. */
const ELSEWHERE = process.platform === 'darwin' ? 'dml' : 'coreml';

/** As a machine answers whose graphics card has no driver. */
const withoutDriver: Probe = async (provider) => {
  if (provider === 'cpu') return CPU_ABILITY;
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

  test('that does not work is passed over with a sentence that says what it needs', async () => {
    const choice = new ProviderChoice('auto', withoutDriver, ['cuda', 'cpu']);
    expect((await choice.current()).provider).toBe('cpu');
    expect(choice.passedOver).toHaveLength(1);
    expect(choice.passedOver[0]).toMatch(/"cuda" has no driver\. Easel draws on "cpu" instead\. .*CUDA 12, cuDNN 9/);
  });

  test('that was named and does not work refuses, and says what it needs', async () => {
    const choice = new ProviderChoice('cuda', withoutDriver);
    await expect(choice.current()).rejects.toThrow(/"cuda" has no driver\. It needs .*NVIDIA driver/);
  });

  test('that fails at a model gives way to the next, but a broken model is nobody’s fault', async () => {
    const choice = new ProviderChoice('auto', async () => CPU_ABILITY, ['dml', 'cpu']);
    expect((await choice.current()).provider).toBe('dml');
    expect(() => choice.passOver(new EngineError('corrupt_file', 'cut short'))).toThrow('cut short');
    choice.passOver(new EngineError('provider_failed', 'An operator is missing.'));
    expect((await choice.current()).provider).toBe('cpu');
  });
});

describe('an engine says how it draws', () => {
  const engines = new Set<{ close(): Promise<void> }>();
  const open = (options: Partial<Parameters<typeof createEngine>[0]>) => {
    const engine = createEngine({ modelFolders: [tinyModel('tiny-linear')], ...options });
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
