import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createControlledEngine } from '../../doubles/controlled-engine.ts';
import { pendingOf } from '../../doubles/queue-reading.ts';
import { messagesVisibleTo } from '../../emulators/slack/visible-message.ts';
import { ADA, BOB, type Message, type Person, ZOE } from '../../emulators/slack/workspace.ts';
import { openSlackFixture, PATIENCE, type SlackFixture } from './slack-fixture.ts';

let fixture: SlackFixture;
beforeEach(async () => {
  fixture = await openSlackFixture({ env: { EASEL_COUNT: '2' } });
});
afterEach(() => fixture.close());

interface Place {
  readonly channel?: string;
  readonly thread?: string;
  readonly person?: Person;
}
const messages = (place: Place = {}) => messagesVisibleTo(fixture.slack, place);
const texts = (place: Place = {}) => messages(place).map((message) => fixture.visible(message)?.text ?? '');
const botTexts = (place: Place = {}) =>
  messages(place)
    .filter(({ user }) => user === 'UEASEL')
    .map((message) => fixture.visible(message)?.text ?? '');
const done = (index: number, place: Place = {}) =>
  expect.poll(() => fixture.visible(messages(place)[index])?.pictures.length ?? 0, PATIENCE).toBe(1);
const at = (index: number, place: Place = {}): Message => {
  const message = messages(place).at(index);
  if (message === undefined) throw new Error(`no message ${index}`);
  return message;
};

describe('what is typed', () => {
  it('becomes one message that says where it is, and ends with the pictures and their buttons', async () => {
    const { ackMs } = await fixture.slack.actions.command('/imagine a fox --ar 3:2 --seed 5');
    await done(0);
    expect(ackMs).toBeLessThan(1000);
    expect(messages()).toHaveLength(1);
    expect(fixture.visible(at(0))).toEqual({
      text: '**a fox** – @Ada\nseed 5 to 6 · 160×104 · 3 steps · guidance 4 · ddim',
      pictures: ['Grid of 2 pictures: a fox'],
      buttons: ['U1 U2 🔄', 'V1 V2 🗑', '✏️ ⭐ 📄'],
    });
    const faces = fixture.slack.workspace.history.get(`CART/${at(0).ts}`) ?? [];
    expect(fixture.visible(faces[0])?.text).toMatch(/^\*\*a fox\*\* – @Ada \((starting|waiting.*|33%)\)$/);
    expect(faces[0]?.text).toMatch(/^a fox – Ada \(/);
  });

  it('is heard when it is said to the bot: in a channel, in a thread, and in direct messages', async () => {
    const { actions, workspace } = fixture.slack;
    await actions.say('@Easel a red fox --count 1');
    await done(1);
    const root = await actions.say('what about this?');
    await actions.say('@Easel a blue fox --count 1', { thread: root.ts });
    await done(1, { thread: root.ts });
    const direct = workspace.directChannel(ADA.id).id;
    await actions.say('a green fox', { channel: direct });
    await done(1, { channel: direct });
    expect(botTexts()[0]).toContain('**a red fox** – @Ada');
    expect(botTexts({ thread: root.ts })[0]).toContain('**a blue fox** – @Ada');
    expect(botTexts({ channel: direct })[0]).toContain('**a green fox** – @Ada');
  });

  it('answers a button in the thread where it was pressed, and in the channel below a message that has a thread', async () => {
    const { actions } = fixture.slack;
    const root = await actions.say('hello');
    await actions.say('@Easel a fox', { thread: root.ts });
    await done(1, { thread: root.ts });
    await actions.press(at(1, { thread: root.ts }), '🔄', BOB);
    await done(2, { thread: root.ts });
    expect(botTexts({ thread: root.ts })[1]).toContain('**a fox** – @Bob');
  });

  it('is drawn though it begins like a command, unless it clearly is one', async () => {
    const { actions } = fixture.slack;
    await actions.say('@Easel queue of penguins --count 1');
    await done(1);
    expect(botTexts()[0]).toContain('**queue of penguins**');
    await actions.say('@Easel queue');
    await expect.poll(() => botTexts().at(-1), PATIENCE).toMatch(/queue|waiting/i);
    await actions.say('@Easel help imagine');
    await expect.poll(() => botTexts().at(-1), PATIENCE).toContain('/imagine');
    await actions.say('@Easel');
    await expect.poll(() => botTexts().at(-1), PATIENCE).toContain('`/easel queue`');
  });

  it('may begin from a picture that hangs on it', async () => {
    const { actions } = fixture.slack;
    const create = { width: 64, height: 64, channels: 3 as const, background: 'red' };
    const picture = await sharp({ create }).png().toBuffer();
    await actions.say('@Easel a fox --count 1', { files: [picture] });
    await done(1);
    expect(botTexts()[0]).toContain('**a fox** – @Ada · from an init image');
  });

  it('gets one clear sentence when it is wrong, seen by nobody else, also in a thread', async () => {
    const { actions } = fixture.slack;
    await actions.command('/imagine a fox --stepz 3');
    await expect.poll(() => texts(), PATIENCE).toEqual(['`--stepz` is not an option; did you mean `--steps`?']);
    expect(texts({ person: BOB })).toEqual([]);
    const root = await actions.say('hello');
    await actions.say('@Easel a fox --steps 0', { thread: root.ts });
    await expect.poll(() => botTexts({ thread: root.ts })[0], PATIENCE).toMatch(/^Steps must be/);
    expect(botTexts({ thread: root.ts, person: BOB })).toEqual([]);
  });

  it('is a command after /easel, each answered to the person alone', async () => {
    await fixture.slack.actions.command('/imagine a fox --count 1');
    await done(0);
    for (const word of [
      'queue',
      'cancel',
      'settings',
      'styles',
      'models',
      'info',
      'help',
      'show',
      'channel',
      '',
      'nonsense',
    ]) {
      const before = messages().length;
      await fixture.slack.actions.command(`/easel ${word}`);
      await expect.poll(() => messages().length, PATIENCE).toBe(before + 1);
      expect(at(-1).onlyFor).toBe(ADA.id);
      expect(fixture.visible(at(-1))?.text).not.toBe('');
    }
    expect(messages({ person: BOB })).toHaveLength(1);
    expect(texts().at(-1)).toMatch(/^\/nonsense is not a command here; `\/easel help` lists them all\.$/);
    const shown = messages().find(
      (message) => message.onlyFor !== undefined && fixture.visible(message)?.pictures.length === 1,
    );
    expect(fixture.visible(shown)?.text).toContain('a fox');
  });
});

describe('who asks', () => {
  it('is known by name, and by the user groups they are in, asked for once', async () => {
    await fixture.close();
    fixture = await openSlackFixture({
      env: { EASEL_ROLE_WEIGHTS: 'slack:SPAINTERS=2' },
      engine: createControlledEngine,
    });
    await fixture.slack.actions.command('/imagine a fox');
    await fixture.slack.actions.command('/imagine a hare', { person: BOB });
    await fixture.slack.actions.command('/imagine a wolf');
    await expect.poll(async () => (await pendingOf(fixture.app.queue)).length, PATIENCE).toBe(3);
    const weights = (await pendingOf(fixture.app.queue)).map(({ owner, weight }) => `${owner.name} ${weight ?? 1}`);
    expect(weights.toSorted()).toEqual(['Ada 2', 'Ada 2', 'Bob 1']);
    const asked = fixture.slack.calls.map(({ method }) => method);
    expect(asked.filter((method) => method === 'users.info')).toHaveLength(2);
    expect(asked.filter((method) => method === 'usergroups.list')).toHaveLength(1);
  });
});

describe('what hangs on a message', () => {
  it('is varied and explained by the message shortcuts', async () => {
    const { actions } = fixture.slack;
    await actions.command('/imagine a fox --seed 4');
    await done(0);
    await actions.messageShortcut('Show recipe', at(0), BOB);
    await expect.poll(() => texts({ person: BOB }).at(-1), PATIENCE).toMatch(/Seed|seed/);
    await actions.messageShortcut('Vary this', at(0), BOB);
    await expect.poll(() => texts({ person: BOB }).at(-1), PATIENCE).toBe('Which picture?');
    await actions.press(at(-1, { person: BOB }), 'V2', BOB);
    await done(1);
    expect(texts()[1]).toContain('**a fox** – @Bob · variation\nseed 5');
  });

  it('is varied too when it is a picture file that a person has posted', async () => {
    const { actions, workspace } = fixture.slack;
    await actions.command('/imagine a fox --seed 4 --count 1');
    await done(0);
    const data = [...workspace.files.values()].at(-1)?.data ?? new Uint8Array();
    const upload = await actions.say('look what I found', { files: [data], person: BOB });
    await actions.messageShortcut('Vary this', upload, BOB);
    await expect.poll(() => botTexts()[1] ?? '', PATIENCE).toContain('**a fox** – @Bob · variation');
  });

  it('goes when its author says so, or an admin, with its files; nobody else can', async () => {
    const { actions, workspace } = fixture.slack;
    await actions.command('/imagine a fox');
    await done(0);
    await actions.press(at(0), '🗑', BOB);
    await expect
      .poll(() => texts({ person: BOB }).at(-1), PATIENCE)
      .toBe('Only Ada, who requested it, and moderators can delete this.');
    expect(messages()).toHaveLength(1);
    await actions.press(at(0), '🗑');
    await expect.poll(() => messages().length, PATIENCE).toBe(0);
    await actions.command('/imagine another fox');
    await done(0);
    await actions.press(at(0), '🗑', ZOE);
    await expect.poll(() => messages().length, PATIENCE).toBe(0);
    await expect.poll(() => workspace.files.size, PATIENCE).toBe(0);
  });

  it('goes with its files also after a restart', async () => {
    const { actions, workspace } = fixture.slack;
    await actions.command('/imagine a fox');
    await done(0);
    await fixture.restart();
    await actions.press(at(0), '🗑');
    await expect.poll(() => messages().length, PATIENCE).toBe(0);
    await expect.poll(() => workspace.files.size, PATIENCE).toBe(0);
  });

  it('keeps no file of a preview once it is finished', async () => {
    await fixture.slack.actions.command('/imagine a fox');
    await done(0);
    await expect
      .poll(() => [...fixture.slack.workspace.files.values()].map(({ name }) => name), PATIENCE)
      .toEqual([expect.stringMatching(/^easel-[0-9a-z]+\.png$/)]);
  });
});
