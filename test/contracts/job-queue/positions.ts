import { expect, it } from 'vitest';
import type { QueueFixture } from './queue-fixture.ts';

/** What is said of the time until a picture stands. */
export function testPositions(fixture: QueueFixture): void {
  it('estimates when the pictures will stand once it has measured one', async () => {
    await fixture.open();
    const [a1, a2, a3] = await fixture.submit('A1', 'A2', 'A3');
    await fixture.work();
    const first = await fixture.engine.begun(0);
    expect(fixture.queue.position(a2?.id ?? '')?.etaMs).toBeUndefined();
    await new Promise((resolve) => setTimeout(resolve, 20));
    first.finish();
    await fixture.engine.begun(1);
    const [second, third] = [a2, a3].map((job) => fixture.queue.position(job?.id ?? '')?.etaMs ?? 0);
    expect(second).toBeGreaterThan(0);
    expect(third).toBeCloseTo(2 * (second ?? 0));
    expect(fixture.queue.position(a1?.id ?? '')).toBeUndefined();
  });
}
