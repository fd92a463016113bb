import { afterEach, describe, expect, it } from 'vitest';
import type { Failure } from '../../emulators/slack/faults.ts';
import { messagesVisibleTo } from '../../emulators/slack/visible-message.ts';
import { ADA, BOT, type Message } from '../../emulators/slack/workspace.ts';
import { openSlackFixture, PATIENCE, type SlackFixture, type SlackFixtureOptions } from './slack-fixture.ts';

let fixture: SlackFixture;
const open = async (options: SlackFixtureOptions = {}) => {
  fixture = await openSlackFixture({ env: { EASEL_COUNT: '1' }, ...options });
};
afterEach(() => fixture.close());

/** The bot's. */
const messages = (): Message[] => messagesVisibleTo(fixture.slack).filter(({ user }) => user === BOT.id);
const seen = (index: number) => fixture.visible(messages()[index]);
const isDone = (index = 0) =>
  expect.poll(() => seen(index)?.pictures, PATIENCE).toEqual([expect.stringMatching(/fox/)]);
const callsOf = (method: string) => fixture.slack.calls.filter((call) => call.method === method);
const times = (count: number, failure: Failure): Failure[] => Array.from({ length: count }, () => failure);
const isConnected = () => expect.poll(() => fixture.slack.sockets.open(), PATIENCE).toBe(1);

describe('the socket', () => {
  it('is opened again however often that fails, and for whatever reason', async () => {
    await open();
    fixture.slack.faults.failures.set('apps.connections.open', [
      { kind: 'status', status: 500 },
      { kind: 'error', code: 'internal_error' },
      { kind: 'lost' },
      { kind: 'status', status: 503 },
      { kind: 'error', code: 'fatal_error' },
      { kind: 'error', code: 'ratelimited' },
    ]);
    fixture.slack.sockets.drop();
    await isConnected();
    expect(fixture.slack.faults.failures.get('apps.connections.open')).toEqual([]);
    await fixture.slack.actions.command('/imagine a fox');
    await isDone();
  });

  it('is opened later when Slack cannot be reached at the start', async () => {
    await open({
      prepare: ({ faults }) => {
        faults.failures.set('apps.connections.open', times(3, { kind: 'status', status: 503 }));
        faults.failures.set('auth.test', times(1, { kind: 'error', code: 'request_timeout' }));
      },
    });
    await isConnected();
    await fixture.slack.actions.say('@Easel a fox');
    await isDone();
  }, 60_000);

  it('may break in the middle of a picture, and may be taken away by Slack', async () => {
    await open();
    await fixture.slack.actions.command('/imagine a fox');
    fixture.slack.sockets.drop();
    await isDone();
    await isConnected();
    fixture.slack.sockets.refresh();
    await expect.poll(() => callsOf('apps.connections.open').length, PATIENCE).toBe(3);
    await isConnected();
    const [drawn] = messages();
    if (drawn === undefined) throw new Error('nothing was drawn');
    await fixture.slack.actions.press(drawn, '🔄');
    await isDone(1);
  });

  it('tells the operator when Slack has revoked the token, and does not bring Easel down', async () => {
    await open();
    fixture.slack.faults.isTokenRevoked = true;
    fixture.slack.sockets.drop();
    await expect.poll(() => fixture.log.join(''), PATIENCE).toContain('Slack has revoked SLACK_APP_TOKEN; reinstall');
  });
});

describe.each(['socket', 'http'] as const)('delivery by %s', (delivery) => {
  it('makes one job and one answer of what comes twice', async () => {
    await open({ delivery });
    const { actions, faults } = fixture.slack;
    faults.duplicateEnvelopes = true;
    await actions.command('/imagine a fox');
    await actions.say('@Easel another fox');
    await isDone(0);
    await isDone(1);
    const [drawn] = messages();
    if (drawn === undefined) throw new Error('nothing was drawn');
    await actions.press(drawn, '🔄');
    await isDone(2);
    await actions.command('/imagine a fox --steps 0');
    await expect.poll(() => messages().length, PATIENCE).toBe(4);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(messages().map(({ onlyFor }) => onlyFor)).toEqual([undefined, undefined, undefined, ADA.id]);
  });

  it('is acknowledged at once while Slack itself is slow to answer', async () => {
    await open({ delivery });
    const { actions, faults } = fixture.slack;
    for (const method of ['users.info', 'conversations.info', 'chat.postMessage', 'usergroups.list']) {
      faults.failures.set(method, [{ kind: 'slow', ms: 2500 }]);
    }
    const { ackMs, attempts } = await actions.command('/imagine a fox');
    expect(attempts).toBe(1);
    expect(ackMs).toBeLessThan(1500);
    await isDone();
  });
});

describe('an upload', () => {
  it('that Slack calls complete and never shows is done again (complaint 19)', async () => {
    await open();
    fixture.slack.faults.unprocessedUploads = 3;
    await fixture.slack.actions.command('/imagine a fox');
    await isDone();
    expect(callsOf('files.getUploadURLExternal').length).toBeGreaterThanOrEqual(4);
    expect(messages()).toHaveLength(1);
  });

  it('is shown once Slack has looked at it, never before', async () => {
    await open();
    fixture.slack.faults.processingMs = 250;
    await fixture.slack.actions.command('/imagine a fox');
    await isDone();
    expect(callsOf('chat.update').filter(({ error }) => error !== undefined)).toEqual([]);
  });

  it.each([1, 5])('whose block is refused %i times, although it is ready, is shown all the same', async (times) => {
    await open();
    fixture.slack.faults.refusedFileBlocks = times;
    await fixture.slack.actions.command('/imagine a fox');
    await expect.poll(() => seen(0)?.pictures, { timeout: 30_000 }).toHaveLength(1);
    await expect.poll(() => seen(0)?.buttons, PATIENCE).toContain('Upscale ×1.5 ×2 ×4 🔄 ✏️');
    expect(messages()).toHaveLength(1);
  });

  it('survives a Slack that is down for a while', async () => {
    await open();
    for (const method of ['files.getUploadURLExternal', 'files.completeUploadExternal', 'files.info', 'chat.update']) {
      fixture.slack.faults.failures.set(method, times(2, { kind: 'status', status: 503 }));
    }
    await fixture.slack.actions.command('/imagine a fox');
    await expect.poll(() => seen(0)?.buttons, { timeout: 30_000 }).toContain('Upscale ×1.5 ×2 ×4 🔄 ✏️');
    expect(messages()).toHaveLength(1);
  });
});

describe('a message', () => {
  it('whose posting is never answered stands once', async () => {
    await open();
    fixture.slack.faults.failures.set('chat.postMessage', times(2, { kind: 'lost' }));
    await fixture.slack.actions.command('/imagine a fox');
    await isDone();
    expect(messages()).toHaveLength(1);
  });

  it('whose posting is never answered stands once in a thread, too, after a restart', async () => {
    await open();
    const root = await fixture.slack.actions.say('hello');
    fixture.slack.faults.failures.set('chat.postMessage', times(20, { kind: 'lost' }));
    fixture.slack.faults.failures.set('conversations.replies', times(100, { kind: 'error', code: 'fatal_error' }));
    await fixture.slack.actions.say('@Easel a fox', { thread: root.ts });
    const inThread = () => messagesVisibleTo(fixture.slack, { thread: root.ts }).filter(({ user }) => user === BOT.id);
    await expect.poll(() => inThread().length, PATIENCE).toBe(1);
    fixture.slack.faults.failures.clear();
    await fixture.restart();
    await expect.poll(() => fixture.visible(inThread()[0])?.pictures, { timeout: 30_000 }).toHaveLength(1);
    expect(inThread()).toHaveLength(1);
  });

  it('that a person has deleted while it formed is not posted again', async () => {
    await open();
    const { workspace, actions, faults } = fixture.slack;
    faults.failures.set('files.getUploadURLExternal', times(4, { kind: 'slow', ms: 300 }));
    await actions.command('/imagine a fox');
    await expect.poll(() => messages().length, PATIENCE).toBe(1);
    workspace.messages.splice(0);
    await expect.poll(() => fixture.log.join(''), PATIENCE).toContain('the message was deleted; the result is kept');
    expect(messages()).toEqual([]);
    await actions.command('/easel show');
    await expect.poll(() => seen(0)?.pictures, PATIENCE).toHaveLength(1);
  });
});
