import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { EngineError } from '../../../engine/index.ts';
import { type ControlledEngine, createControlledEngine } from '../../doubles/controlled-engine.ts';
import { pendingOf } from '../../doubles/queue-reading.ts';
import type { VisibleMessage } from '../../emulators/discord/index.ts';
import {
  type DiscordFixture,
  type DiscordFixtureOptions,
  finished,
  newest,
  openDiscordFixture,
  PICTURE,
  SOON,
} from './discord-fixture.ts';

const MINUTE_MS = 60_000;

/** What users of such bots complain of; each is tried where Discord can suffer it. */
describe('on Discord, with the real engine, nobody can complain that', () => {
  let fixture: DiscordFixture;
  let small: VisibleMessage;
  beforeAll(async () => {
    fixture = await openDiscordFixture({ emulator: { heartbeatMs: 1500 } });
    await fixture.ada.type(fixture.channel, 'imagine', { prompt: 'a red circle', count: 1, steps: 10 });
    await fixture.ada.type(fixture.channel, 'imagine', { prompt: 'a blue star', count: 4, steps: 20 });
    small = await finished(fixture.ada, fixture.channel, 0);
  });
  afterAll(() => fixture.close());

  it('3. inference blocks the heartbeat', () => {
    const { gateway } = fixture.discord;
    expect(gateway.heartbeats).toBeGreaterThanOrEqual(1);
    expect([gateway.identifies, gateway.resumes]).toEqual([1, 0]);
  });

  it('18. an upscaled picture is as large as before', async () => {
    const { ada, channel } = fixture;
    expect(small.text).toContain('128×128');
    const label = small.buttons.flat().find((one) => one.includes('2') || one === 'Upscale');
    await ada.press(small.id, label ?? '');
    const large = await finished(ada, channel, 2);
    expect(large.text).toContain('256×256');
    expect(await sizeOf(large)).toEqual({ width: 256, height: 256 });
  });
});

describe('on Discord nobody can complain that', () => {
  let fixture: DiscordFixture;
  let engine: ControlledEngine;
  afterEach(() => fixture.close());
  const open = async (options: DiscordFixtureOptions = {}) => {
    engine = createControlledEngine();
    // How many requests Discord takes is tried elsewhere; here it would only take time.
    fixture = await openDiscordFixture({ engine, emulator: { hasLimits: false }, ...options });
    return fixture;
  };
  const finish = async (index: number) => (await engine.begun(index)).finish();
  const places = async () => (await pendingOf(fixture.app.queue)).length;

  it('1. a picture was rendered but never posted, because the token had expired', async () => {
    const { ada, channel, discord } = await open();
    await ada.type(channel, 'imagine', { prompt: 'a fox' });
    const run = await engine.begun(0);
    discord.clock.advance(16 * MINUTE_MS);
    run.step(1, 2);
    await expect.poll(() => newest(ada, channel).text, SOON).toContain('50%');
    run.finish();
    expect((await finished(ada, channel, 0)).pictures).toHaveLength(1);
    expect(discord.requests.filter(({ path, status }) => path.startsWith('/webhooks') && status >= 400)).toEqual([]);
  });

  it('2. "Unknown interaction" on a slow host costs the picture', async () => {
    const { ada, channel, discord } = await open();
    discord.gateway.nextEvent({ delayMs: 3100 });
    const asked = await ada.type(channel, 'imagine', { prompt: 'a fox' });
    expect(asked.hasFailed).toBe(true);
    await finish(0);
    expect((await finished(ada, channel, 0)).text).toContain('a fox – @Ada');
  });

  it('4. buttons are dead after a restart', async () => {
    const { ada, channel } = await open();
    await ada.type(channel, 'imagine', { prompt: 'a fox' });
    await finish(0);
    const grid = await finished(ada, channel, 0);
    await fixture.restart();
    await ada.press(grid.id, 'V3');
    await finish(1);
    await finished(ada, channel, 1);
  });

  it('5. the queue is lost at a restart, or its last job is run again at every start', async () => {
    const { ada, ben, channel } = await open();
    await ada.type(channel, 'imagine', { prompt: 'a fox' });
    await ben.type(channel, 'imagine', { prompt: 'a crow' });
    await engine.begun(0);
    await fixture.restart();
    await finish(1);
    await finish(2);
    await finished(ada, channel, 1);
    await finished(ada, channel, 0);
    await fixture.restart();
    await ada.type(channel, 'imagine', { prompt: 'a hare' });
    expect((await engine.begun(3)).prompt).toBe('a hare');
    expect(ada.sees(channel)).toHaveLength(3);
  });

  it('6. it is stuck on "thinking…" when the model is misconfigured', async () => {
    const { ada, channel } = await open();
    await ada.type(channel, 'imagine', { prompt: 'a fox' });
    (await engine.begun(0)).fail(new EngineError('corrupt_file', 'unet.safetensors is cut short; download it again.'));
    await expect.poll(() => newest(ada, channel).text, SOON).toContain('unet.safetensors is cut short');
    expect(newest(ada, channel).isThinking).toBe(false);
  });

  it('7. "payload too large" costs the picture', async () => {
    const { ada, channel, discord } = await open();
    await ada.type(channel, 'imagine', { prompt: 'a fox' });
    const run = await engine.begun(0);
    await expect.poll(() => ada.sees(channel).length, SOON).toBe(1);
    discord.faults.next('PATCH', /messages\/\d+$/, { kind: 'status', status: 413, code: 40_005 });
    run.finish();
    const [picture] = (await finished(ada, channel, 0)).pictures;
    expect(picture?.contentType).toBe('image/webp');
  });

  it('8. a long prompt breaks it', async () => {
    const { ada, channel, discord } = await open();
    const prompt = `${'a fox and **another** fox, 👩‍👩‍👧 '.repeat(80)}end`.slice(-2000);
    await ada.type(channel, 'imagine', { prompt });
    await finish(0);
    const grid = await finished(ada, channel, 0);
    expect(grid.text).toContain('…');
    expect(engine.runs[0]?.prompt).toBe(prompt.trim());
    expect(grid.content.length).toBeLessThanOrEqual(2000);
    expect(discord.requests.filter(({ status }) => status === 400)).toEqual([]);
  });

  it('9. it crashes in direct messages', async () => {
    const { ada, discord } = await open();
    const talk = discord.world.directMessages(ada.person);
    for (const command of ['help', 'queue', 'settings', 'info']) await ada.type(talk, command);
    expect(ada.sees(talk)).toHaveLength(4);
  });

  it('10. the bot dies when its engine does', async () => {
    const { ada, channel } = await open();
    await ada.type(channel, 'imagine', { prompt: 'a fox' });
    (await engine.begun(0)).fail(new Error('segmentation fault'));
    await expect.poll(() => newest(ada, channel).text, SOON).toContain('(failed)');
    await ada.type(channel, 'imagine', { prompt: 'a crow' });
    await finish(1);
    await finished(ada, channel, 1);
  });

  it('11. "vary the right one" varies the left one', async () => {
    const { ada, channel } = await open();
    await ada.type(channel, 'imagine', { prompt: 'a fox', seed: '100' });
    await finish(0);
    const grid = await finished(ada, channel, 0);
    for (const index of [0, 1, 2, 3]) {
      await ada.press(grid.id, `V${index + 1}`);
      expect((await engine.begun(index + 1)).task).toMatchObject({ spec: { seed: 100 + index } });
      await finish(index + 1);
    }
  });

  it('12. an edit and a deletion get in each other’s way', async () => {
    const { ada, channel, discord } = await open();
    await ada.type(channel, 'imagine', { prompt: 'a fox', count: 1 });
    const run = await engine.begun(0);
    await expect.poll(() => ada.sees(channel).length, SOON).toBe(1);
    ada.delete(newest(ada, channel).id);
    for (let step = 1; step < 4; step += 1) run.step(step, 4);
    run.finish();
    await expect.poll(places, SOON).toBe(0);
    await expect.poll(() => fixture.logged.join(''), SOON).toContain('the message was deleted; the result is kept');
    expect(discord.requests.filter(({ status }) => status === 404).length).toBeLessThanOrEqual(1);
    await ada.type(channel, 'show');
    await expect.poll(() => newest(ada, channel).pictures.length, SOON).toBe(1);
  });

  it('13. a call that hangs never frees the slot', async () => {
    const { ada, ben, channel, discord } = await open();
    await ada.type(channel, 'imagine', { prompt: 'a fox' });
    const run = await engine.begun(0);
    await expect.poll(() => ada.sees(channel).length, SOON).toBe(1);
    discord.faults.next('PATCH', new RegExp(`${newest(ada, channel).id}$`), { kind: 'delay', ms: 4000 });
    run.finish();
    await ben.type(channel, 'imagine', { prompt: 'a crow' });
    await finish(1);
    await expect.poll(places, SOON).toBe(0);
    await finished(ben, channel, 0);
  });

  it('14. requests are refused that could wait', async () => {
    const { ada, channel } = await open();
    for (let index = 0; index < 6; index += 1) await ada.type(channel, 'imagine', { prompt: `fox ${index}` });
    expect(await places()).toBe(6);
    expect(ada.sees(channel).filter(({ isPrivate }) => isPrivate)).toEqual([]);
  });

  it('15. one person’s many hold up everybody else', async () => {
    const { ada, ben, channel } = await open();
    for (let index = 0; index < 5; index += 1) await ada.type(channel, 'imagine', { prompt: `fox ${index}` });
    await ben.type(channel, 'imagine', { prompt: 'a crow' });
    await finish(0);
    expect((await engine.begun(1)).prompt).toBe('a crow');
  });

  it('16. a list of more than 25 cannot be chosen from', async () => {
    const { ada, channel } = await open();
    const seen = new Set<unknown>();
    for (const word of ['', 'k', 'dpm', 'karras', 'sde', 'u', 'lms', 'heun', 'e', 'i']) {
      for (const { value } of await ada.suggestions(channel, 'imagine', 'sampler', word)) seen.add(value);
    }
    expect(seen.size).toBeGreaterThan(25);
  });

  it('17. an unknown flag is dropped without a word, or 0 is taken for "use the default"', async () => {
    const { ada, channel } = await open();
    await ada.type(channel, 'imagine', { prompt: 'a fox --sparkle 3' });
    expect(newest(ada, channel)).toMatchObject({ isPrivate: true, text: expect.stringContaining('--sparkle') });
    await ada.type(channel, 'imagine', { prompt: 'a fox', seed: '0', guidance: 0 });
    expect((await engine.begun(0)).task).toMatchObject({ spec: { seed: 0, guidance: 0 } });
  });

  it('19. an upload went well and nothing is there', async () => {
    const { ada, channel, discord } = await open();
    await ada.type(channel, 'imagine', { prompt: 'a fox' });
    const run = await engine.begun(0);
    await expect.poll(() => ada.sees(channel).length, SOON).toBe(1);
    discord.faults.next('PATCH', /messages\/\d+$/, { kind: 'lose_answer' }, 2);
    run.finish();
    await finished(ada, channel, 0);
    await expect.poll(places, PICTURE).toBe(0);
    expect(ada.sees(channel)).toHaveLength(1);
  });
});

async function sizeOf({ pictures: [picture] }: VisibleMessage): Promise<{ width: number; height: number }> {
  const { width, height } = await sharp(picture?.data ?? new Uint8Array()).metadata();
  return { width, height };
}
