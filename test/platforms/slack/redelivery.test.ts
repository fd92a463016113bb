import { afterEach, describe, expect, it } from 'vitest';
import { messagesVisibleTo } from '../../emulators/slack/visible-message.ts';
import { ADA, BOT, type Message } from '../../emulators/slack/workspace.ts';
import { openSlackFixture, PATIENCE, type SlackFixture } from './slack-fixture.ts';

let fixture: SlackFixture;
afterEach(() => fixture.close());

/** All that Easel says to Ada, wherever. */
const said = (): Message[] =>
  ['CART', fixture.slack.workspace.directChannel(ADA.id).id].flatMap((channel) =>
    fixture.slack.workspace.messages.filter(
      (message) =>
        message.channel === channel &&
        message.user === BOT.id &&
        (message.onlyFor === undefined || message.onlyFor === ADA.id),
    ),
  );
const text = (message: Message | undefined) => fixture.visible(message)?.text ?? '';
const drawn = async (count: number): Promise<Message> => {
  const finished = () => said().filter((message) => message.onlyFor === undefined && text(message).includes('seed'));
  await expect.poll(() => finished().length, PATIENCE).toBe(count);
  const message = finished().at(-1);
  if (message === undefined) throw new Error('nothing was drawn');
  return message;
};
const views = () => fixture.slack.workspace.views;
const opened = (count: number) => expect.poll(() => views().length, PATIENCE).toBe(count);

interface Deed {
  readonly act: () => Promise<void>;
  /** What it has done: twice would be something else. */
  readonly effect: () => unknown;
}

const deeds: Readonly<Record<string, Deed>> = {
  'a slash command that draws': {
    act: async () => void (await fixture.slack.actions.command('/imagine a hare')),
    effect: () => said().filter((message) => text(message).includes('a hare')).length,
  },
  'a slash command that answers': {
    act: async () => void (await fixture.slack.actions.command('/easel help')),
    effect: () => said().filter((message) => text(message).includes('`/easel queue`')).length,
  },
  'a mention': {
    act: async () => void (await fixture.slack.actions.say('@Easel a hare')),
    effect: () => said().filter((message) => text(message).includes('a hare')).length,
  },
  'a button that draws': {
    act: async () => void (await fixture.slack.actions.press(await drawn(1), '🔄')),
    effect: () => said().length,
  },
  'a button that stars': {
    act: async () => void (await fixture.slack.actions.press(await drawn(1), '⭐')),
    effect: () =>
      said()
        .map(text)
        .filter((line) => line.includes('tarred')),
  },
  'a button that deletes': {
    act: async () => void (await fixture.slack.actions.press(await drawn(1), '🗑')),
    effect: () =>
      messagesVisibleTo(fixture.slack).some((message) => text(message).includes('a fox')) ? 0 : said().length + 1,
  },
  'a button that opens a form': {
    act: async () => void (await fixture.slack.actions.press(await drawn(1), '✏️')),
    effect: () => views().length,
  },
  'a remix': {
    act: async () => {
      await fixture.slack.actions.press(await drawn(1), '✏️');
      await opened(1);
      const [block] = (views()[0]?.view.blocks ?? []) as readonly { readonly label: { readonly text: string } }[];
      await fixture.slack.actions.submit({ [block?.label.text ?? '']: 'a hare' });
    },
    effect: () => said().filter((message) => text(message).includes('a hare')).length,
  },
  settings: {
    act: async () => {
      await fixture.slack.actions.openHome();
      await expect.poll(() => fixture.slack.workspace.homes.size, PATIENCE).toBe(1);
      await fixture.slack.actions.pressAtHome('✏️ Settings');
      await opened(1);
      await fixture.slack.actions.submit({ 'Number of pictures': '3' });
    },
    effect: () =>
      said()
        .map(text)
        .filter((line) => line.startsWith('Saved')).length,
  },
  'a message shortcut': {
    act: async () => void (await fixture.slack.actions.messageShortcut('Vary this', await drawn(1))),
    effect: () => said().filter((message) => text(message).includes('variation')).length,
  },
  'a global shortcut': {
    act: async () => void (await fixture.slack.actions.shortcut('Draw a picture')),
    effect: () => views().length,
  },
};

/** A message about a job that is not drawn yet: its seed comes with the picture. */
const isUnfinished = (shown: string) => shown.includes('– @Ada') && !shown.includes('seed');

const settled = () => new Promise((resolve) => setTimeout(resolve, 400));

/** By HTTP each kind of envelope once. */
const BY_HTTP: readonly string[] = ['a slash command that answers', 'a mention', 'a button that stars', 'a remix'];
const cases = Object.entries(deeds).flatMap(([name, deed]) => [
  { name, delivery: 'socket' as const, ...deed },
  ...(BY_HTTP.includes(name) ? [{ name, delivery: 'http' as const, ...deed }] : []),
]);

describe('what Slack delivers once more, also after a restart, is done and answered once', () => {
  it.each(cases)('$name, by $delivery', async ({ delivery, act, effect }) => {
    fixture = await openSlackFixture({ env: { EASEL_COUNT: '1' }, delivery });
    await fixture.slack.actions.command('/imagine a fox');
    await drawn(1);
    const nothing = JSON.stringify(effect());
    await act();
    await expect.poll(() => JSON.stringify(effect()), PATIENCE).not.toBe(nothing);
    await expect.poll(() => said().map(text).filter(isUnfinished), PATIENCE).toEqual([]);
    await settled();
    const [effectBefore, saidBefore] = [effect(), said().map(text)];
    await fixture.slack.actions.redeliver();
    await settled();
    expect([effect(), said().map(text)]).toEqual([effectBefore, saidBefore]);
    await fixture.restart();
    await fixture.slack.actions.redeliver();
    await settled();
    expect([effect(), said().map(text)]).toEqual([effectBefore, saidBefore]);
  });
});
