import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeButtonId } from '../../src/core/button.ts';
import { jobIdOf } from '../../src/core/job-id.ts';
import type { Request } from '../../src/core/request.ts';
import { CHANNEL, ORDINARY, personNamed } from '../doubles/samples.ts';
import { SimulatedPlatform } from '../doubles/simulated-platform.ts';

const MODEL = fileURLToPath(new URL('../fixtures/models/tiny-conv', import.meta.url));
/** A process that is killed takes nothing with it that it had written, synced or not: no disk is needed to see that. */
const MEMORY = '/dev/shm';
const WALK_MS = 30 * 60_000;

/**
 * Each story is told once without trouble to learn the points that the bot passes, and then once more for every point,
 * at which the process kills itself; see test/doubles/crash-points.ts.
 */
describe('a bot that is killed at every point of its way', () => {
  let folder: string;
  let world: SimulatedPlatform;
  let told = 0;
  /** A story walks the points that the stories before it did not have. */
  const walked = new Set<string>();

  const imagine = (id: string, text: string): Request => ({
    ...{ id, user: personNamed('Ada'), channel: CHANNEL, ...ORDINARY },
    ...{ kind: 'command', command: 'imagine', options: {}, text },
  });
  const press = (id: string, action: 'cancel' | 'delete', of: string): Request => ({
    ...{ id, user: personNamed('Ada'), channel: CHANNEL, ...ORDINARY, kind: 'button', pictures: [] },
    buttonId: encodeButtonId({ action, jobId: jobIdOf('web', of), index: 0 }),
    message: { channel: CHANNEL, messageId: world.messageOf(of)?.id ?? '' },
  });
  const stateOf = (id: string) => world.messageOf(id)?.reply.state;

  async function until(isTrue: () => boolean): Promise<void> {
    await expect.poll(isTrue, { timeout: 180_000, interval: 10 }).toBe(true);
  }

  /** Two people ask; both get their pictures. */
  async function drawTwo(id: string): Promise<void> {
    world.say(imagine(`${id}-a`, `${id} red --count 2 --steps 3 --size 64x64`));
    world.say(imagine(`${id}-b`, `${id} blue --steps 2 --size 64x64`));
    const jobs = await world.settled(`${id}-a`, `${id}-b`);
    expect(jobs.map(({ state }) => state)).toEqual(['delivered', 'delivered']);
    expect([stateOf(`${id}-a`), stateOf(`${id}-b`)]).toEqual(['done', 'done']);
    expect(world.messageOf(`${id}-a`)?.reply.pictures).toHaveLength(1);
  }

  /** What cannot be drawn ends in one clear sentence. */
  async function fail(id: string): Promise<void> {
    world.say(imagine(id, `trouble ${id} --steps 2 --size 64x64`));
    const [job] = await world.settled(id);
    expect(job).toMatchObject({ state: 'failed', announced: true, failure: { code: 'out_of_memory' } });
    expect(stateOf(id)).toBe('failed');
  }

  /** A picture is cancelled while it is drawn: unless it was finished before, it stays cancelled. */
  async function cancelRunning(id: string): Promise<void> {
    world.say(imagine(id, `${id} --steps 150 --size 64x64`));
    await until(() => (world.messageOf(id)?.reply.progress ?? 0) > 0.02);
    world.say(press(`${id}-cancel`, 'cancel', id));
    await expectCancelled(id);
  }

  /** A picture is cancelled while it is posted. */
  async function cancelPosting(id: string): Promise<void> {
    world.onCall = (call) => {
      if (call.what === 'delete' || call.reply.state !== 'done') return undefined;
      world.onCall = () => undefined;
      const { deaths } = world;
      world.say(press(`${id}-cancel`, 'cancel', id));
      return until(() => world.answers.has(`${id}-cancel`) || world.deaths > deaths);
    };
    world.say(imagine(id, `${id} --steps 2 --size 64x64`));
    await expectCancelled(id);
  }

  async function expectCancelled(id: string): Promise<void> {
    const [job] = await world.settled(id);
    const wasTold = world.answers.get(`${id}-cancel`)?.kind === 'posted';
    if (wasTold) expect([job?.state, stateOf(id)]).toEqual(['cancelled', 'cancelled']);
    else
      expect([`${job?.state}`, stateOf(id)]).toEqual(
        job?.state === 'cancelled' ? ['cancelled', 'cancelled'] : ['delivered', 'done'],
      );
  }

  /** A delivered picture is deleted: nothing of it stays but the recipe. */
  async function remove(id: string): Promise<void> {
    world.say(imagine(id, `${id} --steps 2 --size 64x64`));
    await world.settled(id);
    world.say(press(`${id}-delete`, 'delete', id));
    await until(() => world.messageOf(id)?.deleted === true);
    const [job] = await world.settled(id);
    expect(job).toMatchObject({ state: 'delivered', deleted: true });
    expect(existsSync(join(folder, 'pictures', jobIdOf('web', id)))).toBe(false);
  }

  /** Tells the story without trouble: the points it passes, each once. */
  async function rehearse(story: (id: string) => Promise<void>): Promise<readonly string[]> {
    const from = world.passed.length;
    await story(`story${told++}`);
    return [...new Set(world.passed.slice(from))];
  }

  async function walk(story: (id: string) => Promise<void>): Promise<void> {
    const points = (await rehearse(story)).filter((point) => !walked.has(point));
    let deaths = 0;
    for (const point of points) {
      walked.add(point);
      const before = world.deaths;
      world.arm(point, 'shell');
      await story(`story${told++}`).catch((cause: unknown) => {
        throw new Error(`killed at "${point}"`, { cause });
      });
      deaths += world.deaths - before;
    }
    // A passing point, such as an edit that a newer one overtook, need not come again.
    expect(deaths).toBeGreaterThanOrEqual(points.length - 2);
  }

  beforeAll(async () => {
    folder = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'easel-walk-'));
    world = new SimulatedPlatform(folder, MODEL);
    await world.start();
  });
  afterAll(async () => {
    await world.end();
    rmSync(folder, { recursive: true });
  });

  it.each([
    ['finishes what two people asked for', drawTwo],
    ['tells once of what cannot be drawn', fail],
    ['keeps what was cancelled in the drawing cancelled', cancelRunning],
    ['keeps what was cancelled in the posting cancelled', cancelPosting],
    ['finishes a deletion that it began', remove],
  ])('%s', (_what, story) => walk(story), WALK_MS);

  it(
    'goes on when its engine is killed at any point',
    async () => {
      const points = (await rehearse(drawTwo)).filter((point) => /engine|picture|rendered/.test(point));
      for (const point of points) {
        world.arm(point, 'engine');
        await drawTwo(`story${told++}`);
      }
      expect(points).toContain('engine between two steps');
    },
    WALK_MS,
  );

  it('never drew again what was drawn', () => {
    // Known to be drawn: the point after the journal took note of it was passed.
    expect(world.drawnAgain).toEqual([]);
  });
});
