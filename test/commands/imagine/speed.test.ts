import { describe, expect, it } from 'vitest';
import { specOf } from '../../../engine/index.ts';
import { doneReply } from '../../../src/deliver/render-reply.ts';
import { ada, createCommandFixture, readLines } from '../command-fixture.ts';

describe('--speed', () => {
  it('is part of the request, and of the pictures that are made from it', async () => {
    const { imagine, finish, press, queue } = createCommandFixture();
    const job = finish(await imagine(ada, 'a fox --speed fast'));
    expect(specOf(job.task).speed).toBe('fast');
    await press(ada, 'reroll', job);
    expect(specOf(queue.last().task).speed).toBe('fast');
  });

  it('is the operator’s where a new request does not say it, and stays as it was where a picture is made again', async () => {
    const fixture = createCommandFixture();
    const exact = fixture.finish(await fixture.imagine(ada, 'a fox'));
    expect(specOf(exact.task)).not.toHaveProperty('speed');
    Object.assign(fixture.context, { defaults: { count: 4, negative: '', speed: 'balanced' } });
    expect(specOf((await fixture.imagine(ada, 'a hen')).task).speed).toBe('balanced');
    expect(specOf((await fixture.imagine(ada, 'a hen --speed exact')).task).speed).toBe('exact');
    await fixture.press(ada, 'reroll', exact);
    expect(specOf(fixture.queue.last().task)).not.toHaveProperty('speed');
  });

  it('is refused with the names that there are', async () => {
    await expect(createCommandFixture().imagine(ada, 'a fox --speed fats')).rejects.toHaveProperty(
      'userMessage',
      '`fats` is not a speed; did you mean `fast`?',
    );
  });
});

it('the message of a picture says its speed and its decoder, unless they are the usual ones', async () => {
  const { imagine, finish } = createCommandFixture();
  const settingsOf = async (typed: string) =>
    readLines({ kind: 'private', reply: doneReply(finish(await imagine(ada, typed)), undefined) })[1];
  expect(await settingsOf('a fox --speed exact')).toMatch(/guidance \S+ · \S+$/);
  expect(await settingsOf('a fox --speed fast')).toMatch(/ · fast$/);
  expect(await settingsOf('a fox --speed balanced --decoder taesd')).toMatch(/ · balanced · TAESD$/);
});
