import { beforeEach, describe, expect, it } from 'vitest';
import type { CommandRequest } from '../../src/core/request.ts';
import type { DispatchResult } from '../../src/platforms/port.ts';
import { createIdempotency, type HandledEvent } from '../../src/requests/idempotency.ts';
import { createMemoryValueStore } from '../doubles/memory-value-store.ts';
import { CHANNEL, ORDINARY, personNamed } from '../doubles/samples.ts';

const POSTED: DispatchResult = { kind: 'posted' };
const request: CommandRequest = {
  ...{ kind: 'command', id: 'e1', user: personNamed('Ada'), channel: CHANNEL, command: 'star', options: {}, text: '' },
  ...ORDINARY,
};

describe('an event', () => {
  const handled = createMemoryValueStore<HandledEvent>();
  let applied: string[];
  const apply = async (planned: string) => {
    applied.push(planned);
    return POSTED;
  };

  beforeEach(() => {
    handled.clear();
    applied = [];
  });

  it('is handled once', async () => {
    const { run } = createIdempotency(handled);
    expect(await run(request, async () => 'star', apply)).toEqual(POSTED);
    expect(await run(request, async () => 'unstar', apply)).toMatchObject({ kind: 'private' });
    expect(applied).toEqual(['star']);
  });

  it('that two processes handle at once is handled as the first of them decided', async () => {
    const [first, second] = [createIdempotency(handled), createIdempotency(handled)];
    const decided: string[] = [];
    let letFirstDecide = () => {};
    const firstDecides = new Promise<void>((resolve) => {
      letFirstDecide = resolve;
    });
    const late = first.run(
      request,
      async () => {
        await firstDecides;
        decided.push('late');
        return 'unstar';
      },
      apply,
    );
    const applyWhileBoth = async (planned: string) => {
      letFirstDecide();
      await late;
      return apply(planned);
    };
    await second.run(request, async () => 'star', applyWhileBoth);
    expect(decided).toEqual(['late']);
    expect(applied).toEqual(['star', 'star']);
  });

  it('may come anew after a day', async () => {
    const { prune } = createIdempotency(handled);
    await handled.set('web:e1', Date.now() - 25 * 60 * 60 * 1000);
    await prune(Date.now());
    expect(handled.size).toBe(0);
  });
});
