import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ControlledEngine, createControlledEngine } from '../../doubles/controlled-engine.ts';
import { type DiscordFixture, finished, newest, openDiscordFixture, SOON } from './discord-fixture.ts';

async function upload() {
  const image = sharp({ create: { width: 64, height: 64, channels: 3, background: 'red' } });
  return { filename: 'red.png', contentType: 'image/png', data: new Uint8Array(await image.png().toBuffer()) };
}

describe('what people do on Discord is answered', () => {
  let fixture: DiscordFixture;
  let engine: ControlledEngine;
  beforeEach(async () => {
    engine = createControlledEngine();
    fixture = await openDiscordFixture({ engine });
  });
  afterEach(() => fixture.close());

  it('a command becomes one message, from its place in the line over previews to the picture', async () => {
    const { ada, ben, channel } = fixture;
    await ada.type(channel, 'imagine', { prompt: 'a fox' });
    await ben.type(channel, 'imagine', { prompt: 'a crow', count: 1 });
    expect(newest(ben, channel).text).toMatch(/^a crow – @Ben \(waiting, 1st in the queue/);
    const fox = await engine.begun(0);
    fox.step(2, 4, true);
    await expect.poll(() => ada.sees(channel)[0]?.text, SOON).toBe('a fox – @Ada (50%)');
    expect(ada.sees(channel)[0]?.pictures[0]?.alt).toBe('Preview: a fox');
    fox.finish();
    const grid = await finished(ada, channel, 0);
    expect(grid.pictures).toHaveLength(1);
    (await engine.begun(1)).finish();
    const single = await finished(ben, channel, 1);
    expect(single.buttons.flat()).not.toContain('U1');
    expect(ada.sees(channel)).toHaveLength(2);
    const faces = fixture.discord.state.messages.revisionsOf(single.id).map(({ content }) => content.split('\n')[0]);
    expect(faces[0]).toContain('waiting');
    expect(new Set(faces).size).toBe(faces.length);
  });

  it('a mistake is told to the one who made it, and to nobody else', async () => {
    const { ada, ben, channel } = fixture;
    await ada.type(channel, 'imagine', { prompt: 'a fox --step 3' });
    expect(newest(ada, channel).text).toMatch(/--steps/);
    expect(newest(ada, channel).isPrivate).toBe(true);
    expect(ben.sees(channel)).toEqual([]);
  });

  it('❌ and 🗑 belong to the author and to moderators', async () => {
    const { ada, ben, moderator, channel } = fixture;
    await ada.type(channel, 'imagine', { prompt: 'a fox' });
    const { id } = newest(ada, channel);
    await ben.press(id, '❌');
    await expect.poll(() => newest(ben, channel).isPrivate, SOON).toBe(true);
    expect(ada.sees(channel)).toHaveLength(1);
    await moderator.press(id, '❌');
    await expect.poll(() => newest(ada, channel).text, SOON).toContain('(cancelled)');
    await ada.type(channel, 'imagine', { prompt: 'a crow' });
    (await engine.begun(1)).finish();
    const grid = await finished(ada, channel, 1);
    await ada.press(grid.id, '🗑');
    await expect.poll(() => ada.sees(channel).length, SOON).toBe(1);
  });

  it('✏️ opens a form with the prompt and its options; what is sent becomes a reply to the picture', async () => {
    const { ada, channel } = fixture;
    await ada.type(channel, 'imagine', { prompt: 'a fox', seed: '7' });
    (await engine.begun(0)).finish();
    const grid = await finished(ada, channel, 0);
    const opened = await ada.press(grid.id, '✏️');
    expect(opened.modal?.title).toBe('Remix');
    await ada.fill(opened, { prompt: 'a fox in the snow' });
    const run = await engine.begun(1);
    expect(run.prompt).toBe('a fox in the snow');
    run.finish();
    const remixed = await finished(ada, channel, 1);
    expect(remixed.replyTo).toBe(grid.id);
    expect(remixed.text).toContain('seed 7');
  });

  it('a closed list in a form is a menu, and what is chosen there counts', async () => {
    const { ada, channel } = fixture;
    const answered = await ada.type(channel, 'settings');
    const settings = newest(ada, channel);
    expect(settings.isPrivate).toBe(true);
    const edit = settings.buttons.flat()[0];
    if (edit === undefined) throw new Error(`no button on ${answered.command}`);
    const opened = await ada.press(settings.id, edit);
    await ada.fill(opened, { count: '2', negative: 'text' });
    await expect.poll(() => newest(ada, channel).text, SOON).toMatch(/2/);
    await ada.type(channel, 'imagine', { prompt: 'a fox' });
    const run = await engine.begun(0);
    expect(run.task).toMatchObject({ spec: { count: 2, negative: 'text' } });
  });

  it('Apps → Vary this and Show recipe work on any message with a picture, also on one that was uploaded again', async () => {
    const { ada, ben, channel } = fixture;
    await ada.type(channel, 'imagine', { prompt: 'a fox', seed: '7', count: 1 });
    (await engine.begun(0)).finish();
    const single = await finished(ada, channel, 0);
    await ben.choose(single.id, 'Vary this');
    (await engine.begun(1)).finish();
    const varied = await finished(ben, channel, 1);
    expect(varied.replyTo).toBe(single.id);
    expect(varied.text).toContain('@Ben · variation');

    const [picture] = single.pictures;
    if (picture === undefined) throw new Error('no picture');
    const again = ben.say(channel, 'look', [{ ...picture, filename: 'mine.png' }]);
    await ben.choose(again, 'Show recipe');
    await expect.poll(() => newest(ben, channel).text, SOON).toMatch(/a fox[\s\S]*7/);
    expect(newest(ben, channel).isPrivate).toBe(true);
    expect(ada.sees(channel)).toHaveLength(3);
    await ben.choose(again, 'Vary this');
    const run = await engine.begun(2);
    expect(run.prompt).toBe('a fox');
  });

  it('Vary this on a grid that was uploaded again asks which picture, and varies that one', async () => {
    const { ada, ben, channel } = fixture;
    await ada.type(channel, 'imagine', { prompt: 'a fox', seed: '7' });
    (await engine.begun(0)).finish();
    const [grid] = (await finished(ada, channel, 0)).pictures;
    if (grid === undefined) throw new Error('no picture');
    const again = ben.say(channel, 'look', [{ ...grid, filename: 'mine.png' }]);
    await ben.choose(again, 'Vary this');
    await expect.poll(() => newest(ben, channel), SOON).toMatchObject({ text: 'Which picture?', isPrivate: true });
    expect(newest(ben, channel).buttons).toEqual([['V1', 'V2', 'V3', 'V4']]);
    await ben.press(newest(ben, channel).id, 'V3');
    const run = await engine.begun(1);
    expect(run.task).toMatchObject({ spec: { prompt: 'a fox', seed: 9, variations: [{}] } });
    run.finish();
    await expect.poll(() => newest(ada, channel).buttons.flat(), SOON).toContain('V4');
    expect(newest(ada, channel).replyTo).toBe(again);
  });

  it('while an option is typed, what fits is offered: more samplers than a list of Discord holds, found by a word', async () => {
    const { ada, channel } = fixture;
    expect(await ada.suggestions(channel, 'imagine', 'sampler', '')).toHaveLength(25);
    const found = await ada.suggestions(channel, 'imagine', 'sampler', 'karras');
    expect(found.length).toBeGreaterThan(0);
    expect(found.every(({ value }) => String(value).includes('karras'))).toBe(true);
  });

  it('an event that is delivered twice makes one picture', async () => {
    const { ada, channel, discord } = fixture;
    discord.gateway.nextEvent('twice');
    await ada.type(channel, 'imagine', { prompt: 'a fox', count: 1 });
    (await engine.begun(0)).finish();
    await finished(ada, channel, 0);
    expect(ada.sees(channel)).toHaveLength(1);
    expect(engine.runs).toHaveLength(1);
  });

  it('a picture that is attached to /imagine is what the drawing begins from', async () => {
    const { ada, channel } = fixture;
    await ada.type(channel, 'imagine', { prompt: 'a fox', picture: await upload() });
    const { task } = await engine.begun(0);
    expect(task).toMatchObject({ spec: { prompt: 'a fox', init: { image: expect.any(String) } } });
    await ada.type(channel, 'imagine', { prompt: 'a fox', 'mask-picture': await upload() });
    expect(newest(ada, channel)).toMatchObject({ isPrivate: true, text: 'Give picture as well.' });
  });

  it('while that picture takes its time Easel is thinking; what is private then leaves nothing for others', async () => {
    const { ada, ben, channel, discord } = fixture;
    discord.faults.next('GET', /^\/attachments/, { kind: 'delay', ms: 700 });
    await ada.type(channel, 'imagine', { prompt: 'a fox', picture: await upload() });
    expect(newest(ben, channel).isThinking).toBe(true);
    await engine.begun(0);
    expect(newest(ben, channel)).toMatchObject({ isThinking: false, text: expect.stringContaining('a fox – @Ada') });

    discord.faults.next('GET', /^\/attachments/, { kind: 'delay', ms: 700 });
    await ada.type(channel, 'imagine', { prompt: 'a crow', picture: { ...(await upload()), data: new Uint8Array(9) } });
    expect(newest(ben, channel).isThinking).toBe(true);
    await expect.poll(() => newest(ada, channel).isPrivate, SOON).toBe(true);
    expect(ben.sees(channel)).toHaveLength(1);
  });

  it('a first word whose answer is lost, or that Discord could not take at first, is said once', async () => {
    const { ada, channel, discord } = fixture;
    discord.faults.next('POST', /callback$/, { kind: 'status', status: 502 });
    await ada.type(channel, 'imagine', { prompt: 'a fox' });
    discord.faults.next('POST', /callback$/, { kind: 'lose_answer' });
    await ada.type(channel, 'imagine', { prompt: 'a crow' });
    (await engine.begun(0)).finish();
    (await engine.begun(1)).finish();
    await finished(ada, channel, 0);
    await finished(ada, channel, 1);
    expect(ada.sees(channel)).toHaveLength(2);
  });
});
