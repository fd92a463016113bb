import { describe, expect, it } from 'vitest';
import { IMAGINE_OPTIONS } from '../../commands/imagine/imagine-options.ts';
import { commands } from '../../commands/index.ts';
import type { Ahead, SnapshotQuery } from '../../src/queue/port.ts';
import { pendingOf } from '../doubles/queue-reading.ts';
import { ada, ben, createCommandFixture, lobby, readLines } from './command-fixture.ts';

describe('/queue', () => {
  it('says that nothing waits', async () => {
    expect(readLines(await createCommandFixture().say(ada, 'queue'))).toEqual([
      'The queue is empty; a new picture starts immediately.',
    ]);
  });

  it('shows places and estimates, and marks one’s own', async () => {
    const fixture = createCommandFixture();
    const first = await fixture.imagine(ben, 'a hare');
    await fixture.imagine(ada, `a fox ${'x'.repeat(100)}`);
    fixture.queue.put({ ...first, state: 'running' });
    expect(readLines(await fixture.say(ada, 'queue'))).toEqual([
      '@Ben: a hare (running, about 7 s)',
      `yours: a fox ${'x'.repeat(33)}… (position 1, about 15 s)`,
      'Position 1 starts as soon as there is capacity.',
    ]);
  });

  it('tells why one’s own do not begin yet', async () => {
    const fixture = createCommandFixture();
    await fixture.imagine(ada, 'a fox');
    const nobody = { people: 0, pictures: 0 };
    const why = { own: 0, hadLess: nobody, turns: nobody, cameFirst: nobody, weighted: false };
    const job = fixture.queue.last();
    const told = async (ahead: Partial<Ahead>) => {
      const jobs = [{ job, place: { position: 4 }, ahead: { ...why, ...ahead } }];
      fixture.queue.snapshot = async ({ owner, jobs: ids }: SnapshotQuery = {}) => {
        const isAsked = (owner === undefined || owner.id === ada.id) && (ids?.includes(job.id) ?? true);
        return { running: 0, waiting: 1, jobs: isAsked ? jobs : [] };
      };
      return readLines(await fixture.say(ada, 'queue')).at(-1);
    };
    expect(await told({ hadLess: { people: 2, pictures: 3 }, own: 1 })).toBe(
      'Ahead of position 4: 3 pictures of 2 other people, who used less than you recently; 1 of your own.',
    );
    expect(await told({ cameFirst: { people: 1, pictures: 1 }, weighted: true })).toBe(
      'Ahead of position 4: 1 picture of 1 other person, who asked earlier (some roles have a higher weight here).',
    );
    expect(await told({ turns: { people: 1, pictures: 2 } })).toBe(
      'Ahead of position 4: 2 pictures of 1 other person, whose turns alternate with yours.',
    );
    expect(readLines(await fixture.say(ben, 'queue'))).toEqual(['@Ada: a fox (position 4)']);
  });

  it('keeps prompts and people of other channels to those channels', async () => {
    const fixture = createCommandFixture();
    await fixture.say(ben, 'imagine', 'a secret', {}, { platform: 'web', channelId: 'elsewhere' });
    expect(readLines(await fixture.say(ada, 'queue'))).toEqual(['a picture for another channel (running, about 7 s)']);
  });

  it('shows twenty and counts the rest', async () => {
    const fixture = createCommandFixture();
    for (let count = 0; count < 23; count++) await fixture.imagine(ben, 'a hare');
    const lines = readLines(await fixture.say(ada, 'queue'));
    expect(lines).toHaveLength(21);
    expect(lines.at(-1)).toBe('and 3 more');
  });
});

describe('asking for exactly the same again', () => {
  it('is answered with what is on its way, to that person alone', async () => {
    const fixture = createCommandFixture();
    await fixture.imagine(ada, 'a fox --seed 7');
    expect(readLines(await fixture.say(ada, 'imagine', 'a fox --seed 7'))).toEqual([
      'You already requested exactly this here, and it is not finished yet; the first message will show it.',
    ]);
    expect(await pendingOf(fixture.queue)).toHaveLength(1);
    await fixture.imagine(ben, 'a fox --seed 7');
    expect(await pendingOf(fixture.queue)).toHaveLength(2);
  });
});

describe('/cancel', () => {
  it('ends the newest of one’s own, or all, and nobody else’s', async () => {
    const fixture = createCommandFixture();
    await fixture.imagine(ada, 'first');
    await fixture.imagine(ada, 'second');
    await fixture.imagine(ada, 'third');
    const hare = await fixture.imagine(ben, 'a hare');
    expect(readLines(await fixture.say(ada, 'cancel'))).toEqual(['Cancelled third.']);
    expect(readLines(await fixture.say(ada, 'cancel', ' ALL '))).toEqual(['Cancelled second.', 'Cancelled first.']);
    expect(readLines(await fixture.say(ada, 'cancel', '', { which: 'all' }))).toEqual([
      'You have no waiting or running pictures to cancel.',
    ]);
    expect((await pendingOf(fixture.queue)).map((job) => job.id)).toEqual([hare.id]);
  });

  it('refuses what it does not know', async () => {
    await expect(createCommandFixture().say(ada, 'cancel', 'everything')).rejects.toHaveProperty(
      'userMessage',
      '`everything` cannot be cancelled; use `/cancel` for your newest picture or `/cancel all`.',
    );
  });
});

describe('/help', () => {
  it('names every command', async () => {
    const lines = readLines(await createCommandFixture().say(ada, 'help', '', {}, lobby, { isModerator: true }));
    for (const { description } of commands) {
      expect(lines).toContain(`/${description.name} – ${description.description}`);
    }
  });

  it('names every option of a command with its bounds, and the models that are here', async () => {
    const lines = readLines(await createCommandFixture().say(ada, 'help', '/imagine'));
    expect(lines[0]).toBe('/imagine – Draw pictures from a prompt, for example /imagine a fox in the snow');
    expect(lines).toContain('--steps – Denoising steps: more are slower and add detail, 1–150, such as 20');
    expect(lines).toContain(
      '--guidance, --cfg, --scale – How closely the picture follows the prompt, 0–30, such as 7.5',
    );
    expect(lines).toContain('--model – The model to use: sketch, sd-v1-4');
    expect(lines).toHaveLength(IMAGINE_OPTIONS.length);
    expect(lines.join('\n').length).toBeLessThan(2000);
  });

  it('lists every sampler, with the names people know them by', async () => {
    const lines = readLines(await createCommandFixture().say(ada, 'help', 'samplers'));
    expect(lines.join('\n')).toContain('dpmpp_2m_karras (DPM++ 2M Karras)');
    expect(lines.join('\n').length).toBeLessThan(2000);
  });

  it('suggests a command that was meant', async () => {
    await expect(createCommandFixture().say(ada, 'help', 'imagin')).rejects.toHaveProperty(
      'userMessage',
      '`imagin` is not a command; did you mean `imagine`?',
    );
  });
});

it('descriptions fit what platforms register', () => {
  for (const { description } of commands) {
    const options = description.options;
    expect(description.name).toMatch(/^[a-z][a-z-]{0,31}$/);
    expect(description.description.length).toBeLessThanOrEqual(100);
    expect(options.toSorted((a, b) => Number(b.required) - Number(a.required))).toEqual(options);
    const spellings = options.flatMap((option) => [option.name, ...option.aliases]);
    expect(new Set(spellings).size).toBe(spellings.length);
    for (const option of options) {
      expect(option.name).toMatch(/^[a-z][a-z-]{0,31}$/);
      expect(option.description.length).toBeLessThanOrEqual(100);
      if (option.completes !== true) expect(option.choices?.length ?? 0).toBeLessThanOrEqual(25);
    }
  }
});
