import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createControlledEngine } from '../../doubles/controlled-engine.ts';
import { messagesVisibleTo, type VisibleMessage, visibleMessage } from '../../emulators/slack/visible-message.ts';
import { ADA, type Block, BOB, type Message, type Person } from '../../emulators/slack/workspace.ts';
import { openSlackFixture, PATIENCE, type SlackFixture } from './slack-fixture.ts';

let fixture: SlackFixture;
beforeEach(async () => {
  fixture = await openSlackFixture({ env: { EASEL_COUNT: '1' } });
});
afterEach(() => fixture.close());

const home = (person: Person = ADA): VisibleMessage | undefined => {
  const blocks = fixture.slack.workspace.homes.get(person.id)?.view.blocks as readonly Block[] | undefined;
  return blocks === undefined ? undefined : visibleMessage(fixture.slack, { blocks });
};
const messages = (channel = 'CART'): Message[] => messagesVisibleTo(fixture.slack, { channel });
const text = (message: Message | undefined) => fixture.visible(message)?.text ?? '';
const isDone = (index: number) => expect.poll(() => text(messages()[index]), PATIENCE).toContain('seed');
const calls = (method: string) => fixture.slack.calls.filter((call) => call.method === method).length;
const fileNames = () => [...fixture.slack.workspace.files.values()].map(({ name }) => name);

describe("the app's own page", () => {
  it("shows one's latest pictures, small, and uploads nothing for that", async () => {
    const { actions } = fixture.slack;
    for (const [index, animal] of ['fox', 'hare', 'wolf', 'owl'].entries()) {
      await actions.command(`/imagine a ${animal}`);
      await isDone(index);
    }
    const uploaded = calls('files.getUploadURLExternal');
    await actions.openHome();
    const titles = ['a owl', 'a wolf'];
    await expect
      .poll(() => home()?.pictures, PATIENCE)
      .toEqual([...titles, 'a hare', 'a fox'].map((title) => `${title} (128×128)`));
    expect(home()?.text).toMatch(
      /^# In the queue\nYou have no pictures in the queue\.\n# Your latest pictures\na owl \(128×128\)/,
    );
    expect(calls('files.getUploadURLExternal')).toBe(uploaded);
    await fixture.restart();
    await actions.openHome();
    await expect.poll(() => calls('views.publish'), PATIENCE).toBe(2);
    expect(home()?.pictures).toHaveLength(4);
    expect(calls('files.getUploadURLExternal')).toBe(uploaded);
  });

  it('shows settings, opens their form, and says at once what was changed in it', async () => {
    const { actions } = fixture.slack;
    await actions.openHome();
    await expect.poll(() => home()?.text, PATIENCE).toContain('# Your settings\n`size`');
    await actions.pressAtHome('✏️ Settings');
    await expect.poll(() => fixture.slack.workspace.views.length, PATIENCE).toBe(1);
    await actions.submit({ 'Number of pictures': '3' });
    await expect.poll(() => home()?.text, PATIENCE).toContain('`count` 3');
  });

  it('opens the form of all options, and shows a picture in direct messages', async () => {
    const { actions, workspace } = fixture.slack;
    await actions.command('/imagine a fox');
    await isDone(0);
    await actions.openHome();
    await expect.poll(() => home()?.buttons, PATIENCE).toEqual(['🎨 Imagine ✏️ Settings', 'Show']);
    await actions.pressAtHome('Show');
    const direct = workspace.directChannel(ADA.id).id;
    await expect.poll(() => text(messages(direct)[0]), PATIENCE).toContain('a fox');
    await actions.pressAtHome('🎨 Imagine');
    await expect.poll(() => workspace.views.length, PATIENCE).toBe(1);
  });

  it('says where one is in the line, and cancels there', async () => {
    await fixture.close();
    const engine = createControlledEngine();
    fixture = await openSlackFixture({ env: { EASEL_COUNT: '1' }, engine: () => engine });
    const { actions } = fixture.slack;
    await actions.command('/imagine a fox', { person: BOB });
    const first = await engine.begun(0);
    await actions.command('/imagine a hare');
    await expect.poll(() => messages().length, PATIENCE).toBe(2);
    await actions.openHome();
    await expect.poll(() => home()?.text, PATIENCE).toMatch(/a hare \(position 1/);
    await actions.pressAtHome('Cancel');
    await expect.poll(() => text(messages()[1]), PATIENCE).toContain('(cancelled)');
    await expect.poll(() => home()?.text, PATIENCE).toContain('You have no pictures in the queue.');
    first.finish();
  });

  it('follows what ends while it may be looked at, a page for a crowd of ends, and nobody else’s', async () => {
    const { actions } = fixture.slack;
    await actions.openHome();
    await expect.poll(() => home()?.text, PATIENCE).toContain('None yet.');
    await actions.command('/imagine a fox');
    await actions.command('/imagine a hare');
    await actions.command('/imagine a wolf', { person: BOB });
    await expect.poll(() => home()?.pictures, PATIENCE).toHaveLength(2);
    expect(home(BOB)).toBeUndefined();
    expect(calls('views.publish')).toBeLessThan(5);
  });

  it('stands without a picture whose file is gone, or which was deleted', async () => {
    const { actions, workspace } = fixture.slack;
    await actions.command('/imagine a fox');
    await isDone(0);
    workspace.files.clear();
    await actions.openHome();
    await expect.poll(() => home()?.text, PATIENCE).toContain('a fox');
    expect(home()?.pictures).toEqual([]);
    const [drawn] = messages();
    if (drawn === undefined) throw new Error('nothing was drawn');
    await actions.press(drawn, '🗑');
    await expect.poll(() => home()?.text, PATIENCE).toContain('None yet.');
  });

  it('shows a picture whose message somebody has removed, in a file of its own', async () => {
    const { actions, workspace } = fixture.slack;
    await actions.command('/imagine a fox');
    await isDone(0);
    await fixture.restart();
    workspace.messages.splice(0);
    await actions.openHome();
    await expect.poll(() => home()?.pictures, PATIENCE).toEqual(['Picture: a fox']);
    expect(fileNames()).toHaveLength(2);
  });
});
