import { describe, expect, test } from 'vitest';
import { createEngine } from '../../engine/index.ts';
import { candidatesOf } from '../../engine/provider.ts';
import { tinyModel } from './goldens.ts';

describe('the execution provider', () => {
  test.each([
    ['linux', true, ['cuda', 'cpu']],
    ['linux', false, ['cpu']],
    ['win32', false, ['dml', 'cpu']],
    ['darwin', false, ['cpu']],
  ] as const)('is chosen by itself on %s, CUDA installed: %s', (platform, hasCuda, expected) => {
    expect(candidatesOf('auto', platform, hasCuda)).toEqual(expected);
  });

  test('that is named is the only one tried', () => {
    expect(candidatesOf('webgpu', 'linux', true)).toEqual(['webgpu']);
  });

  test('says how many tasks at once it is worth giving it', async () => {
    const slotsOn = async (provider: 'cpu' | 'cuda') => {
      const engine = createEngine({ modelFolders: [tinyModel('tiny-conv')], provider });
      return (await engine.describe()).slots;
    };
    expect(await slotsOn('cpu')).toBe(1);
    expect(await slotsOn('cuda')).toBeGreaterThan(1);
  });
});
