import { createServer } from 'node:net';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Entry } from '../../../src/platforms/slack/connection.ts';
import { createSlackPort } from '../../../src/platforms/slack/index.ts';
import { createMemoryValues } from '../../doubles/memory-values.ts';
import { messagesSeenBy } from '../../emulators/slack/seen.ts';
import { APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, type SlackEmulator, startSlack } from '../../emulators/slack/server.ts';
import { ADA, BOT } from '../../emulators/slack/workspace.ts';
import { openStudio, PATIENCE, type Studio, type StudioOptions } from './studio.ts';

describe('at the start', () => {
  let slack: SlackEmulator;
  beforeEach(async () => {
    slack = await startSlack();
  });
  afterEach(() => slack.close());

  const start = (botToken: string, entry: Entry) =>
    createSlackPort({
      ...{ botToken, entry, apiUrl: slack.apiUrl, commands: [] },
      files: createMemoryValues(),
      served: createMemoryValues(),
      log: pino({ level: 'silent' }),
    }).start({ dispatch: async () => ({ kind: 'posted' }), complete: async () => [] });
  const socket = (appToken = APP_TOKEN): Entry => ({ kind: 'socket', appToken });

  it.each([
    ['an unknown bot token', 'xoxb-1-2-x', socket(), 'Slack does not know SLACK_BOT_TOKEN; copy it again'],
    ['an app token in its place', APP_TOKEN, socket(), 'SLACK_BOT_TOKEN is a token of the wrong kind'],
    ['an unknown app token', BOT_TOKEN, socket('xapp-1-x'), 'Slack does not know SLACK_APP_TOKEN; copy it again'],
    ['a bot token in its place', BOT_TOKEN, socket(BOT_TOKEN), 'SLACK_APP_TOKEN is a token of the wrong kind'],
  ])('%s is refused with what to do', async (_, botToken, entry, sentence) => {
    await expect(start(botToken, entry)).rejects.toMatchObject({
      userMessage: expect.stringContaining(sentence) as string,
    });
  });

  it('a revoked token, and an app token without its scope, are refused with what to do', async () => {
    slack.traps.failures.set('apps.connections.open', [{ kind: 'error', code: 'missing_scope' }]);
    await expect(start(BOT_TOKEN, socket())).rejects.toThrow('SLACK_APP_TOKEN lacks the scope connections:write');
    slack.traps.isTokenRevoked = true;
    await expect(start(BOT_TOKEN, socket())).rejects.toThrow('Slack has revoked SLACK_BOT_TOKEN; reinstall the app');
  });

  it('a port that is taken is refused with what to do', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const address = other.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const entry: Entry = { kind: 'http', signingSecret: SIGNING_SECRET, host: '127.0.0.1', port };
    await expect(start(BOT_TOKEN, entry)).rejects.toThrow(`SLACK_PORT ${port} on 127.0.0.1 is in use; choose another.`);
    await new Promise((resolve) => other.close(resolve));
  });
});

describe('while it runs', () => {
  let studio: Studio;
  const open = async (options: StudioOptions = {}) => {
    studio = await openStudio({ env: { EASEL_COUNT: '1' }, ...options });
  };
  afterEach(() => studio.close());

  const seen = (channel = 'CART') =>
    messagesSeenBy(studio.slack, { channel })
      .filter(({ user }) => user === BOT.id)
      .map((message) => ({ ...studio.seen(message), onlyFor: message.onlyFor }));
  const log = () => studio.log.join('');
  const INVITE = 'Easel is not in this conversation; invite it with `/invite @Easel`, then ask again.';

  it('a channel without Easel says how to invite it, before any work is done', async () => {
    await open();
    await studio.slack.hands.command('/imagine a fox', { channel: 'GSECRET' });
    await expect.poll(() => seen('GSECRET'), PATIENCE).toMatchObject([{ text: INVITE, onlyFor: ADA.id }]);
    expect(studio.app.queue.pending()).toEqual([]);
  });

  it('a public channel needs no invitation, unless the app lacks chat:write.public', async () => {
    await open();
    await studio.slack.hands.command('/imagine a fox', { channel: 'CSIDE' });
    await expect.poll(() => seen('CSIDE')[0]?.pictures, PATIENCE).toHaveLength(1);
    await studio.close();
    await open({ prepare: ({ traps }) => void traps.withheldScopes.add('chat:write.public') });
    await studio.slack.hands.command('/imagine a fox', { channel: 'CSIDE' });
    await expect.poll(() => seen('CSIDE'), PATIENCE).toMatchObject([{ text: INVITE, onlyFor: ADA.id }]);
  });

  it('who asks again long after is answered in direct messages, where nothing else is open', async () => {
    await open();
    const { hands, traps, workspace } = studio.slack;
    traps.failures.set('conversations.info', [{ kind: 'slow', ms: 300 }]);
    await hands.command('/imagine a fox', { channel: 'GSECRET' });
    hands.expireResponses();
    const direct = workspace.directChannel(ADA.id).id;
    await expect.poll(() => seen(direct), PATIENCE).toMatchObject([{ text: INVITE }]);
  });

  it('a channel that is archived says so, before and in the middle of the work', async () => {
    await open();
    const channel = studio.slack.workspace.channels.get('CART');
    if (channel === undefined) throw new Error('no channel');
    await studio.slack.hands.command('/imagine a fox');
    await expect.poll(() => seen().length, PATIENCE).toBe(1);
    channel.isArchived = true;
    await expect.poll(log, PATIENCE).toContain('the message is gone; the result is kept');
    await studio.restart();
    await studio.slack.hands.command('/imagine a fox');
    const direct = studio.slack.workspace.directChannel(ADA.id).id;
    const said = 'This channel is archived; ask in another, or have it unarchived.';
    await expect.poll(() => [...seen(), ...seen(direct)].map(({ text }) => text), PATIENCE).toContain(said);
  });

  it('Easel that is thrown out of a channel keeps the result, and says why it is not there', async () => {
    await open();
    const { hands, traps } = studio.slack;
    traps.failures.set('chat.postMessage', [{ kind: 'error', code: 'not_in_channel' }]);
    await hands.command('/imagine a fox');
    await expect.poll(() => seen().map(({ text }) => text), PATIENCE).toContain(INVITE);
    await expect.poll(log, PATIENCE).toContain('the message is gone; the result is kept');
    await hands.command('/easel show');
    await expect.poll(() => seen().at(-1)?.pictures, PATIENCE).toHaveLength(1);
  });

  it('a missing scope for files leaves the words, and tells everybody concerned', async () => {
    await open({ prepare: ({ traps }) => void traps.withheldScopes.add('files:write') });
    await studio.slack.hands.command('/imagine a fox');
    await expect
      .poll(() => seen()[0]?.text, PATIENCE)
      .toContain("⚠ The picture is not shown. Easel's Slack app lacks a permission (files:write)");
    expect(log()).toContain('SLACK_BOT_TOKEN lacks the scope files:write; add it under OAuth & Permissions');
    expect(log()).toContain('The Slack app lacks scopes that Easel uses: files:write; paste slack-manifest.yaml');
  });

  it('goes on without the scopes that only tell it more', async () => {
    const withheld = ['users:read', 'usergroups:read', 'channels:read', 'channels:history', 'im:write'];
    await open({
      prepare: ({ traps }) => {
        for (const scope of withheld) traps.withheldScopes.add(scope);
      },
    });
    await studio.slack.hands.command('/imagine a fox');
    await expect.poll(() => seen()[0]?.pictures, PATIENCE).toHaveLength(1);
  });

  it('a token that is revoked and given back delivers what was drawn meanwhile', async () => {
    await open();
    const { hands, traps } = studio.slack;
    traps.failures.set('chat.postMessage', [{ kind: 'slow', ms: 100 }]);
    await hands.command('/imagine a fox');
    await expect.poll(() => seen().length, PATIENCE).toBe(1);
    traps.isTokenRevoked = true;
    await expect.poll(log, PATIENCE).toContain('Slack has revoked SLACK_BOT_TOKEN; reinstall the app');
    traps.isTokenRevoked = false;
    await expect.poll(() => seen()[0]?.buttons, { timeout: 30_000 }).toContain('Upscale ×1.5 ×2 ×4 🔄 ✏️');
  });

  it('no token, ticket, secret or response URL is ever written to the log', async () => {
    await open({ delivery: 'http', prepare: ({ traps }) => void traps.withheldScopes.add('files:write') });
    const { hands, traps, url } = studio.slack;
    await hands.command('/imagine a fox', { channel: 'GSECRET' });
    await hands.command('/imagine a fox');
    traps.isTokenRevoked = true;
    await hands.command('/easel help');
    await expect.poll(log, PATIENCE).toContain('Slack has revoked SLACK_BOT_TOKEN');
    traps.isTokenRevoked = false;
    const written = log();
    await studio.close();
    await open();
    studio.slack.traps.failures.set('apps.connections.open', [
      { kind: 'lost' },
      { kind: 'error', code: 'invalid_auth' },
    ]);
    studio.slack.sockets.drop();
    await expect.poll(log, PATIENCE).toContain('Slack does not know SLACK_APP_TOKEN');
    await studio.slack.hands.command('/imagine a fox').catch(() => undefined);
    const secrets = /xoxb-\d|xapp-\d|ticket-|emulatedverificationtoken|emulated-signing|Bearer x/i;
    for (const line of [...written.split('\n'), ...studio.log]) expect(line).not.toMatch(secrets);
    expect(written + log()).not.toContain(`${url}/response/`);
  }, 30_000);
});
