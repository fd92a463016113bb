import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createSecondInstance } from '../../../src/platforms/discord/second-instance.ts';
import { type ControlledEngine, createControlledEngine } from '../../doubles/controlled-engine.ts';
import { pendingOf } from '../../doubles/queue-reading.ts';
import { type DiscordFixture, finished, newest, openDiscordFixture, SOON } from './discord-fixture.ts';

const ANSWERS_TOO = 'Another process with the same DISCORD_TOKEN also answers';
const LEFT = 'another process answered this request; Easel leaves it to that process';
const ONLINE_ALREADY = 'The bot was already online when Easel connected';

/** Two whole bots with data folders of their own: each is given every event, as Discord gives it to every session. */
describe('two Easels with one token', () => {
  let first: DiscordFixture;
  let second: DiscordFixture;
  const engines: ControlledEngine[] = [];
  beforeEach(async () => {
    engines.splice(0, 2, createControlledEngine(), createControlledEngine());
    first = await openDiscordFixture({ engine: engineOf(0) });
    await expect.poll(() => first.discord.gateway.sessions[0]?.presence, SOON).toBeDefined();
    second = await openDiscordFixture({ engine: engineOf(1), discord: first.discord });
  });
  afterEach(async () => {
    await second.close();
    await first.close();
  });

  const engineOf = (index: number) => {
    const engine = engines[index];
    if (engine === undefined) throw new Error(`no engine ${index}`);
    return engine;
  };
  const linesOf = ({ logged }: DiscordFixture, words: string) => logged.filter((line) => line.includes(words));
  /** Of so many requests one process has done nothing, or undone it. */
  const settled = (requests: number) =>
    expect.poll(() => [first, second].flatMap((fixture) => linesOf(fixture, LEFT)).length, SOON).toBe(requests);
  const pending = () => Promise.all([first, second].map(async ({ app }) => (await pendingOf(app.queue)).length));
  const drawing = () => engines.flatMap(({ runs }) => runs).filter(({ aborted }) => !aborted);
  const drawAll = () =>
    expect
      .poll(() => {
        for (const run of drawing()) run.finish();
        return pending();
      }, SOON)
      .toEqual([0, 0]);

  it('the second says at its start that the bot was online already; the first was alone', () => {
    expect(linesOf(second, ONLINE_ALREADY)).toHaveLength(1);
    expect(linesOf(first, ONLINE_ALREADY)).toEqual([]);
  });

  it('they notice each other as soon as somebody types, before anything is asked for', async () => {
    const { ada, channel } = first;
    expect(await ada.suggestions(channel, 'imagine', 'sampler', 'eul')).not.toEqual([]);
    const noticed = () => [first, second].flatMap((fixture) => linesOf(fixture, ANSWERS_TOO)).length;
    await expect.poll(noticed, SOON).toBe(1);
  });

  it('a request is drawn once and shown once, and whoever did not answer it says so once and in its presence', async () => {
    const { ada, channel, discord } = first;
    for (const prompt of ['a fox', 'a crow', 'a hare']) await ada.type(channel, 'imagine', { prompt, count: 1 });
    await settled(3);
    expect((await pending()).reduce((a, b) => a + b)).toBe(3);
    await drawAll();
    for (let index = 0; index < 3; index += 1) await finished(ada, channel, index);
    expect(ada.sees(channel)).toHaveLength(3);
    expect(drawing()).toHaveLength(3);
    const losers = [first, second].filter((fixture) => linesOf(fixture, ANSWERS_TOO).length > 0);
    expect(losers.length).toBeGreaterThanOrEqual(1);
    for (const fixture of losers) expect(linesOf(fixture, ANSWERS_TOO)).toHaveLength(1);
    const presences = () => JSON.stringify(discord.gateway.sessions.map(({ presence }) => presence));
    await expect.poll(presences, SOON).toContain('two bots share one token: stop one');
  });

  it('a button is answered once', async () => {
    const { ada, channel } = first;
    await ada.type(channel, 'imagine', { prompt: 'a fox', count: 1 });
    await settled(1);
    await drawAll();
    const { id } = await finished(ada, channel, 0);
    await ada.press(id, '🔄');
    await settled(2);
    await expect.poll(() => ada.sees(channel).length, SOON).toBe(2);
    // The one that knows the picture draws it; the other can only say that it does not.
    expect((await pending()).reduce((a, b) => a + b)).toBe(newest(ada, channel).isPrivate ? 0 : 1);
  });

  it('once only one is left, requests are answered as ever', async () => {
    const { ada, channel } = first;
    await ada.type(channel, 'imagine', { prompt: 'a fox', count: 1 });
    await second.stop();
    await ada.type(channel, 'imagine', { prompt: 'a crow', count: 1 });
    await expect
      .poll(
        async () => (await pendingOf(first.app.queue)).some(({ task }) => JSON.stringify(task).includes('a crow')),
        SOON,
      )
      .toBe(true);
  });
});

describe('what is known of a second instance', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is forgotten when nothing more is seen of it, and said once each time', () => {
    const said: string[] = [];
    const log = {
      info: (words: string) => said.push(words),
      warn: said.push,
      error: (words: string) => said.push(words),
    };
    const changes: boolean[] = [];
    const second = createSecondInstance(log as never, () => changes.push(second.isCertain), 1000);
    second.noteLostRace();
    vi.advanceTimersByTime(900);
    second.noteLostRace();
    vi.advanceTimersByTime(900);
    expect([second.isSuspected, second.isCertain]).toEqual([true, true]);
    expect(said).toHaveLength(1);
    vi.advanceTimersByTime(200);
    expect([second.isSuspected, second.isCertain]).toEqual([false, false]);
    expect(changes).toEqual([true, false]);
    second.noteLostRace();
    expect(said.filter((words) => words.includes(ANSWERS_TOO))).toHaveLength(2);
  });
});
