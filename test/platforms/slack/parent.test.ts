import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { messagesSeenBy } from '../../emulators/slack/seen.ts';
import { BOB, type Message } from '../../emulators/slack/workspace.ts';
import { openStudio, PATIENCE, type Studio } from './studio.ts';

/** As `chat.getPermalink` documents its answers. */
const linkTo = ({ channel, ts, threadTs }: Message) => {
  const inThread = threadTs === undefined ? '' : `?thread_ts=${threadTs}&cid=${channel}`;
  return `From [this picture](https://studio.slack.com/archives/${channel}/p${ts.replace('.', '')}${inThread})`;
};

describe('what is made from a picture', () => {
  let studio: Studio;
  beforeEach(async () => {
    studio = await openStudio({ env: { EASEL_COUNT: '1' } });
  });
  afterEach(() => studio.close());

  const bots = (thread?: string) =>
    messagesSeenBy(studio.slack, thread === undefined ? {} : { thread }).filter(({ user }) => user === 'UEASEL');
  const drawn = async (index: number, thread?: string): Promise<Message> => {
    await expect.poll(() => studio.seen(bots(thread)[index])?.pictures.length ?? 0, PATIENCE).toBe(1);
    await expect.poll(() => studio.seen(bots(thread)[index])?.text ?? '', PATIENCE).toContain('seed');
    const message = bots(thread)[index];
    if (message === undefined) throw new Error(`no message ${index}`);
    return message;
  };

  it('links to it, from the first word to the finished picture', async () => {
    const { hands, workspace, calls } = studio.slack;
    await hands.command('/imagine a fox');
    const fox = await drawn(0);
    expect(studio.seen(fox)?.text).not.toContain('From');
    for (const [index, label] of ['Vary a little', '×2', '🔄'].entries()) {
      await hands.press(fox, label, BOB);
      expect(studio.seen(await drawn(index + 1))?.text).toContain(linkTo(fox));
    }
    const faces = workspace.history.get(`CART/${bots()[1]?.ts}`) ?? [];
    for (const face of faces) expect(studio.seen(face)?.text).toContain(linkTo(fox));
    expect(calls.map(({ method }) => method)).not.toContain('chat.getPermalink');
  });

  it('links to it in its thread', async () => {
    const { hands } = studio.slack;
    const root = await hands.say('hello');
    await hands.say('@Easel a fox', { thread: root.ts });
    const fox = await drawn(0, root.ts);
    await hands.press(fox, '🔄');
    expect(studio.seen(await drawn(1, root.ts))?.text).toContain(linkTo(fox));
  });

  it('links to what another person has uploaded, when that is varied', async () => {
    const { hands, workspace } = studio.slack;
    await hands.command('/imagine a fox');
    await drawn(0);
    const data = [...workspace.files.values()].at(-1)?.data ?? new Uint8Array();
    const upload = await hands.say('look what I found', { files: [data], person: BOB });
    await hands.messageShortcut('Vary this', upload);
    expect(studio.seen(await drawn(1))?.text).toContain(linkTo(upload));
  });

  it('stands when the picture it came from is deleted meanwhile', async () => {
    const { hands } = studio.slack;
    await hands.command('/imagine a fox');
    const fox = await drawn(0);
    await hands.press(fox, 'Vary a lot');
    await hands.press(fox, '🗑');
    await expect.poll(() => bots().includes(fox), PATIENCE).toBe(false);
    expect(studio.seen(await drawn(0))?.text).toContain(linkTo(fox));
  });

  it('says nothing of it as long as Slack does not say where its pages are', async () => {
    await studio.close();
    studio = await openStudio({
      env: { EASEL_COUNT: '1' },
      prepare: ({ workspace }) => Object.assign(workspace.team, { domain: ' ' }),
    });
    await studio.slack.hands.command('/imagine a fox');
    await studio.slack.hands.press(await drawn(0), '🔄');
    expect(studio.seen(await drawn(1))?.text).not.toContain('From');
  });
});
