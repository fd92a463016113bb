import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EngineTask } from '../../engine/index.ts';
import { taskDigest } from '../../src/core/task-digest.ts';
import { specWith, taskWith } from '../doubles/samples.ts';

describe('the digest of a task', () => {
  it('is the same however its keys are ordered, and after a restart', () => {
    const task: EngineTask = { kind: 'upscale', source: taskWith(), factor: 2, strength: 0.35 };
    const turned: EngineTask = {
      strength: 0.35,
      source: { spec: Object.fromEntries(Object.entries(specWith()).toReversed()), kind: 'generate' } as EngineTask,
      factor: 2,
      kind: 'upscale',
    };
    expect(taskDigest(turned)).toBe(taskDigest(task));
    expect(taskDigest(JSON.parse(JSON.stringify(task)))).toBe(taskDigest(task));
    expect(taskDigest(task)).toMatch(/^[0-9a-f]{64}$/);
  });

  it('differs with anything that changes the picture', () => {
    const base = taskDigest(taskWith());
    const changes = [{ seed: 2 }, { prompt: 'a red circle' }, { steps: 5 }, { guidance: 1.1 }, { count: 2 }];
    const others = changes.map((change) => taskDigest(taskWith(change)));
    const varied = taskDigest(taskWith({ variations: [{ seed: 1, strength: 0 }] }));
    expect(new Set([base, varied, ...others]).size).toBe(changes.length + 2);
    expect(
      taskDigest(
        taskWith({
          variations: [
            { seed: 1, strength: 0 },
            { seed: 2, strength: 0 },
          ],
        }),
      ),
    ).not.toBe(
      taskDigest(
        taskWith({
          variations: [
            { seed: 2, strength: 0 },
            { seed: 1, strength: 0 },
          ],
        }),
      ),
    );
  });

  it('is another for another prompt, whatever it says', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        expect(taskDigest(taskWith({ prompt: a })) === taskDigest(taskWith({ prompt: b }))).toBe(a === b);
      }),
    );
  });
});
