import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { messagesVisibleTo } from '../../emulators/slack/visible-message.ts';
import { BOB, type Message } from '../../emulators/slack/workspace.ts';
import { openSlackFixture, PATIENCE, type SlackFixture } from './slack-fixture.ts';

/** As `chat.getPermalink` documents its answers. */
const linkTo = ({ channel, ts, threadTs }: Message) => {
  const inThread = threadTs === undefined ? '' : `?thread_ts=${threadTs}&cid=${channel}`;
  return `From [this picture](https://studio.slack.com/archives/${channel}/p${ts.replace('.', '')}${inThread})`;
};

describe('what is made from a picture', () => {
  let fixture: SlackFixture;
  beforeEach(async () => {
    fixture = await openSlackFixture({ env: { EASEL_COUNT: '1' } });
  });
  afterEach(() => fixture.close());

  const bots = (thread?: string) =>
    messagesVisibleTo(fixture.slack, thread === undefined ? {} : { thread }).filter(({ user }) => user === 'UEASEL');
  const drawn = async (index: number, thread?: string): Promise<Message> => {
    await expect.poll(() => fixture.visible(bots(thread)[index])?.pictures.length ?? 0, PATIENCE).toBe(1);
    await expect.poll(() => fixture.visible(bots(thread)[index])?.text ?? '', PATIENCE).toContain('seed');
    const message = bots(thread)[index];
    if (message === undefined) throw new Error(`no message ${index}`);
    return message;
  };

  it('links to it, from the first word to the finished picture', async () => {
    const { actions, workspace, calls } = fixture.slack;
    await actions.command('/imagine a fox');
    const fox = await drawn(0);
    expect(fixture.visible(fox)?.text).not.toContain('From');
    for (const [index, label] of ['Vary a little', '×2', '🔄'].entries()) {
      await actions.press(fox, label, BOB);
      expect(fixture.visible(await drawn(index + 1))?.text).toContain(linkTo(fox));
    }
    const faces = workspace.history.get(`CART/${bots()[1]?.ts}`) ?? [];
    for (const face of faces) expect(fixture.visible(face)?.text).toContain(linkTo(fox));
    expect(calls.map(({ method }) => method)).not.toContain('chat.getPermalink');
  });

  it('links to it in its thread', async () => {
    const { actions } = fixture.slack;
    const root = await actions.say('hello');
    await actions.say('@Easel a fox', { thread: root.ts });
    const fox = await drawn(0, root.ts);
    await actions.press(fox, '🔄');
    expect(fixture.visible(await drawn(1, root.ts))?.text).toContain(linkTo(fox));
  });

  it('links to what another person has uploaded, when that is varied', async () => {
    const { actions, workspace } = fixture.slack;
    await actions.command('/imagine a fox');
    await drawn(0);
    const data = [...workspace.files.values()].at(-1)?.data ?? new Uint8Array();
    const upload = await actions.say('look what I found', { files: [data], person: BOB });
    await actions.messageShortcut('Vary this', upload);
    expect(fixture.visible(await drawn(1))?.text).toContain(linkTo(upload));
  });

  it('stands when the picture it came from is deleted meanwhile', async () => {
    const { actions } = fixture.slack;
    await actions.command('/imagine a fox');
    const fox = await drawn(0);
    await actions.press(fox, 'Vary a lot');
    await actions.press(fox, '🗑');
    await expect.poll(() => bots().includes(fox), PATIENCE).toBe(false);
    expect(fixture.visible(await drawn(0))?.text).toContain(linkTo(fox));
  });

  it('says nothing of it as long as Slack does not say where its pages are', async () => {
    await fixture.close();
    fixture = await openSlackFixture({
      env: { EASEL_COUNT: '1' },
      prepare: ({ workspace }) => Object.assign(workspace.team, { domain: ' ' }),
    });
    await fixture.slack.actions.command('/imagine a fox');
    await fixture.slack.actions.press(await drawn(0), '🔄');
    expect(fixture.visible(await drawn(1))?.text).not.toContain('From');
  });
});
