import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { messagesVisibleTo } from '../../emulators/slack/visible-message.ts';
import { ADA, BOB, type Message } from '../../emulators/slack/workspace.ts';
import { openSlackFixture, PATIENCE, type SlackFixture } from './slack-fixture.ts';

let fixture: SlackFixture;
beforeEach(async () => {
  fixture = await openSlackFixture({ env: { EASEL_COUNT: '1' } });
});
afterEach(() => fixture.close());

const messages = (channel = 'CART') => messagesVisibleTo(fixture.slack, { channel });
const text = (message: Message | undefined) => fixture.visible(message)?.text ?? '';
interface OpenField {
  readonly label: { readonly text: string };
  readonly element: { readonly initial_value?: string };
}
const openForm = async () => {
  await expect.poll(() => fixture.slack.workspace.views.length, PATIENCE).toBeGreaterThan(0);
  const view = fixture.slack.workspace.views.at(-1)?.view;
  const { title, blocks } = view as unknown as { title: { text: string }; blocks: readonly OpenField[] };
  return { title: title.text, fields: blocks };
};
const labels = ({ fields }: Awaited<ReturnType<typeof openForm>>) => fields.map(({ label }) => label.text);
const isDone = (index: number, channel = 'CART') =>
  expect.poll(() => fixture.visible(messages(channel)[index])?.pictures, PATIENCE).toHaveLength(1);

describe('the global shortcut', () => {
  it('opens a form of all options, and draws in the channel that is chosen in it', async () => {
    await fixture.slack.actions.shortcut('Draw a picture');
    const form = await openForm();
    expect(form.title).toBe('Imagine');
    expect(labels(form)).toEqual(expect.arrayContaining(['Prompt', 'Negative', 'Seed', 'Sampler', 'Steps', 'Where']));
    await fixture.slack.actions.submit({ Prompt: 'a fox', Seed: '0', Sampler: 'euler', Where: 'CART' });
    await isDone(0);
    expect(text(messages()[0])).toContain('**a fox** – @Ada\nseed 0 · 128×128 · 3 steps · guidance 4 · euler');
  });

  it('draws in direct messages where nothing is chosen', async () => {
    await fixture.slack.actions.shortcut('Draw a picture');
    await openForm();
    await fixture.slack.actions.submit({ Prompt: 'a fox' });
    await isDone(0, fixture.slack.workspace.directChannel(ADA.id).id);
  });

  it('keeps all that was filled in when something is wrong with it, and says what', async () => {
    const { actions, workspace } = fixture.slack;
    await actions.shortcut('Draw a picture');
    await openForm();
    const wrong = await actions.submit({ Prompt: 'a fox', Steps: '0' });
    expect(wrong.response).toEqual({
      response_action: 'errors',
      errors: { 'field:steps': expect.stringMatching(/^Steps must be a whole number from 1 to 150/) as string },
    });
    const secret = await actions.submit({ Prompt: 'a fox', Where: 'GSECRET' });
    expect(secret.response).toEqual({
      response_action: 'errors',
      errors: { where: 'Easel is not in this conversation; invite it with /invite @Easel, then ask again.' },
    });
    expect(workspace.views).toHaveLength(1);
    await actions.submit({ Prompt: 'a fox', Where: 'CART' });
    await isDone(0);
  });
});

describe('remixing', () => {
  it('begins from the prompt as it was, in the thread where the picture stands', async () => {
    const { actions } = fixture.slack;
    const root = await actions.say('hello');
    await actions.say('@Easel a fox --seed 3', { thread: root.ts });
    const inThread = () => messagesVisibleTo(fixture.slack, { thread: root.ts });
    await expect.poll(() => fixture.visible(inThread()[1])?.pictures, PATIENCE).toHaveLength(1);
    const [, drawn] = inThread();
    if (drawn === undefined) throw new Error('nothing was drawn');
    await actions.press(drawn, '✏️', BOB);
    const form = await openForm();
    expect(form.fields[0]?.element.initial_value).toContain('a fox');
    await actions.submit({ [labels(form)[0] ?? '']: 'a wolf' }, BOB);
    await expect.poll(() => text(inThread()[2]), PATIENCE).toContain('**a wolf** – @Bob');
  });

  it('asks to press again when Slack has given too little time', async () => {
    const { actions } = fixture.slack;
    await actions.command('/imagine a fox');
    await isDone(0);
    actions.triggerLifetimeMs = 0;
    const [drawn] = messages();
    if (drawn === undefined) throw new Error('nothing was drawn');
    await actions.press(drawn, '✏️');
    await expect.poll(() => text(messages().at(-1)), PATIENCE).toMatch(/^Easel opened the form too late for Slack/);
    expect(messages().at(-1)?.onlyFor).toBe(ADA.id);
  });
});
