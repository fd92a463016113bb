import { expect, it } from 'vitest';
import type { QueueStage } from './stage.ts';

/** What is said of the time until a picture stands. */
export function testPlaces(stage: QueueStage): void {
  it('estimates when the pictures will stand once it has measured one', async () => {
    await stage.open();
    const [a1, a2, a3] = await stage.submit('A1', 'A2', 'A3');
    await stage.work();
    const first = await stage.engine.begun(0);
    expect(stage.queue.position(a2?.id ?? '')?.etaMs).toBeUndefined();
    await new Promise((resolve) => setTimeout(resolve, 20));
    first.finish();
    await stage.engine.begun(1);
    const [second, third] = [a2, a3].map((job) => stage.queue.position(job?.id ?? '')?.etaMs ?? 0);
    expect(second).toBeGreaterThan(0);
    expect(third).toBeCloseTo(2 * (second ?? 0));
    expect(stage.queue.position(a1?.id ?? '')).toBeUndefined();
  });
}
