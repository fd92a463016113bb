import { describe, expect, test } from 'vitest';
import { SD1 } from '../../../engine/families/sd1.ts';
import { cutWindow, joinWindows, planWindows } from '../../../engine/latents/windows.ts';

describe('a large picture in windows', () => {
  test('is one window up to 1024×1024 pixels', () => {
    expect(planWindows([4, 128, 128], SD1.latents).windows).toHaveLength(1);
    expect(planWindows([4, 96, 170], SD1.latents).windows).toHaveLength(1);
    expect(planWindows([4, 129, 128], SD1.latents).windows.length).toBeGreaterThan(1);
  });

  test.each([
    [129, 128],
    [256, 256],
    [30, 600],
    [64, 257],
  ])('is covered to the edge at %d×%d latents, and what is cut comes back', (height, width) => {
    const plan = planWindows([2, height, width], { windowSide: 64, wholeArea: 0 });
    const source = Float32Array.from({ length: 2 * height * width }, (_, i) => i);
    const parts = plan.windows.map((window) => cutWindow(source, [2, height, width], plan, window));
    for (const part of parts) expect(part.length).toBe(plan.shape[0] * plan.shape[1] * plan.shape[2]);
    expect(joinWindows(parts, [2, height, width], plan)).toEqual(source);
  });

  test('is averaged where they overlap', () => {
    const plan = planWindows([1, 1, 6], { windowSide: 4, wholeArea: 0 });
    expect(plan.windows).toEqual([
      { top: 0, left: 0 },
      { top: 0, left: 2 },
    ]);
    const parts = [Float32Array.of(1, 1, 1, 1), Float32Array.of(3, 3, 3, 3)];
    expect([...joinWindows(parts, [1, 1, 6], plan)]).toEqual([1, 1, 2, 2, 3, 3]);
  });
});
