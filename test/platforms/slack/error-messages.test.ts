import { createServer } from 'node:net';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EventDelivery } from '../../../src/platforms/slack/connection.ts';
import { createSlackPort } from '../../../src/platforms/slack/index.ts';
import { createMemoryValueStore } from '../../doubles/memory-value-store.ts';
import { pendingOf } from '../../doubles/queue-reading.ts';
import { APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, type SlackEmulator, startSlack } from '../../emulators/slack/server.ts';
import { messagesVisibleTo } from '../../emulators/slack/visible-message.ts';
import { ADA, BOT } from '../../emulators/slack/workspace.ts';
import { openSlackFixture, PATIENCE, type SlackFixture, type SlackFixtureOptions } from './slack-fixture.ts';

describe('at the start', () => {
  let slack: SlackEmulator;
  beforeEach(async () => {
    slack = await startSlack();
  });
  afterEach(() => slack.close());

  const start = (botToken: string, entry: EventDelivery) =>
    createSlackPort({
      ...{ botToken, delivery: entry, apiUrl: slack.apiUrl, commands: [] },
      files: createMemoryValueStore(),
      answeredEvents: createMemoryValueStore(),
      log: pino({ level: 'silent' }),
    }).start({ dispatch: async () => ({ kind: 'posted' }), complete: async () => [] });
  const socket = (appToken = APP_TOKEN): EventDelivery => ({ kind: 'socket', appToken });

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
    slack.faults.failures.set('apps.connections.open', [{ kind: 'error', code: 'missing_scope' }]);
    await expect(start(BOT_TOKEN, socket())).rejects.toThrow('SLACK_APP_TOKEN lacks the scope connections:write');
    slack.faults.isTokenRevoked = true;
    await expect(start(BOT_TOKEN, socket())).rejects.toThrow('Slack has revoked SLACK_BOT_TOKEN; reinstall the app');
  });

  it('a port that is taken is refused with what to do', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const address = other.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const entry: EventDelivery = { kind: 'http', signingSecret: SIGNING_SECRET, host: '127.0.0.1', port };
    await expect(start(BOT_TOKEN, entry)).rejects.toThrow(`SLACK_PORT ${port} on 127.0.0.1 is in use; choose another.`);
    await new Promise((resolve) => other.close(resolve));
  });
});

describe('while it runs', () => {
  let fixture: SlackFixture;
  const open = async (options: SlackFixtureOptions = {}) => {
    fixture = await openSlackFixture({ env: { EASEL_COUNT: '1' }, ...options });
  };
  afterEach(() => fixture.close());

  const seen = (channel = 'CART') =>
    messagesVisibleTo(fixture.slack, { channel })
      .filter(({ user }) => user === BOT.id)
      .map((message) => ({ ...fixture.visible(message), onlyFor: message.onlyFor }));
  const log = () => fixture.log.join('');
  const INVITE = 'Easel is not in this conversation; invite it with `/invite @Easel`, then ask again.';

  it('a channel without Easel says how to invite it, before any work is done', async () => {
    await open();
    await fixture.slack.actions.command('/imagine a fox', { channel: 'GSECRET' });
    await expect.poll(() => seen('GSECRET'), PATIENCE).toMatchObject([{ text: INVITE, onlyFor: ADA.id }]);
    expect(await pendingOf(fixture.app.queue)).toEqual([]);
  });

  it('a public channel needs no invitation, unless the app lacks chat:write.public', async () => {
    await open();
    await fixture.slack.actions.command('/imagine a fox', { channel: 'CSIDE' });
    await expect.poll(() => seen('CSIDE')[0]?.pictures, PATIENCE).toHaveLength(1);
    await fixture.close();
    await open({ prepare: ({ faults }) => void faults.withheldScopes.add('chat:write.public') });
    await fixture.slack.actions.command('/imagine a fox', { channel: 'CSIDE' });
    await expect.poll(() => seen('CSIDE'), PATIENCE).toMatchObject([{ text: INVITE, onlyFor: ADA.id }]);
  });

  it('who asks again long after is answered in direct messages, where nothing else is open', async () => {
    await open();
    const { actions, faults, workspace } = fixture.slack;
    faults.failures.set('conversations.info', [{ kind: 'slow', ms: 300 }]);
    await actions.command('/imagine a fox', { channel: 'GSECRET' });
    actions.expireResponses();
    const direct = workspace.directChannel(ADA.id).id;
    await expect.poll(() => seen(direct), PATIENCE).toMatchObject([{ text: INVITE }]);
  });

  it('a channel that is archived says so, before and in the middle of the work', async () => {
    await open();
    const channel = fixture.slack.workspace.channels.get('CART');
    if (channel === undefined) throw new Error('no channel');
    await fixture.slack.actions.command('/imagine a fox');
    await expect.poll(() => seen().length, PATIENCE).toBe(1);
    channel.isArchived = true;
    await expect.poll(log, PATIENCE).toContain('the message was deleted; the result is kept');
    await fixture.restart();
    await fixture.slack.actions.command('/imagine a fox');
    const direct = fixture.slack.workspace.directChannel(ADA.id).id;
    const said = 'This channel is archived; use another one, or have it unarchived.';
    await expect.poll(() => [...seen(), ...seen(direct)].map(({ text }) => text), PATIENCE).toContain(said);
  });

  it('Easel that is thrown out of a channel keeps the result, and says why it is not there', async () => {
    await open();
    const { actions, faults } = fixture.slack;
    faults.failures.set('chat.postMessage', [{ kind: 'error', code: 'not_in_channel' }]);
    await actions.command('/imagine a fox');
    await expect.poll(() => seen().map(({ text }) => text), PATIENCE).toContain(INVITE);
    await expect.poll(log, PATIENCE).toContain('the message was deleted; the result is kept');
    await actions.command('/easel show');
    await expect.poll(() => seen().at(-1)?.pictures, PATIENCE).toHaveLength(1);
  });

  it('a missing scope for files leaves the words, and tells everybody concerned', async () => {
    await open({ prepare: ({ faults }) => void faults.withheldScopes.add('files:write') });
    await fixture.slack.actions.command('/imagine a fox');
    await expect
      .poll(() => seen()[0]?.text, PATIENCE)
      .toContain("⚠ The picture is not shown. Easel's Slack app lacks a permission (files:write)");
    expect(log()).toContain('SLACK_BOT_TOKEN lacks the scope files:write; add it under OAuth & Permissions');
    expect(log()).toContain('The Slack app lacks scopes that Easel needs: files:write; paste slack-manifest.yaml');
  });

  it('goes on without the scopes that only tell it more', async () => {
    const withheld = ['users:read', 'usergroups:read', 'channels:read', 'channels:history', 'im:write'];
    await open({
      prepare: ({ faults }) => {
        for (const scope of withheld) faults.withheldScopes.add(scope);
      },
    });
    await fixture.slack.actions.command('/imagine a fox');
    await expect.poll(() => seen()[0]?.pictures, PATIENCE).toHaveLength(1);
  });

  it('a token that is revoked and given back delivers what was drawn meanwhile', async () => {
    await open();
    const { actions, faults } = fixture.slack;
    faults.failures.set('chat.postMessage', [{ kind: 'slow', ms: 100 }]);
    await actions.command('/imagine a fox');
    await expect.poll(() => seen().length, PATIENCE).toBe(1);
    faults.isTokenRevoked = true;
    await expect.poll(log, PATIENCE).toContain('Slack has revoked SLACK_BOT_TOKEN; reinstall the app');
    faults.isTokenRevoked = false;
    await expect.poll(() => seen()[0]?.buttons, { timeout: 30_000 }).toContain('Upscale ×1.5 ×2 ×4 🔄 ✏️');
  });

  it('no token, ticket, secret or response URL is ever written to the log', async () => {
    await open({ delivery: 'http', prepare: ({ faults }) => void faults.withheldScopes.add('files:write') });
    const { actions, faults, url } = fixture.slack;
    await actions.command('/imagine a fox', { channel: 'GSECRET' });
    await actions.command('/imagine a fox');
    faults.isTokenRevoked = true;
    await actions.command('/easel help');
    await expect.poll(log, PATIENCE).toContain('Slack has revoked SLACK_BOT_TOKEN');
    faults.isTokenRevoked = false;
    const written = log();
    await fixture.close();
    await open();
    fixture.slack.faults.failures.set('apps.connections.open', [
      { kind: 'lost' },
      { kind: 'error', code: 'invalid_auth' },
    ]);
    fixture.slack.sockets.drop();
    await expect.poll(log, PATIENCE).toContain('Slack does not know SLACK_APP_TOKEN');
    await fixture.slack.actions.command('/imagine a fox').catch(() => undefined);
    const secrets = /xoxb-\d|xapp-\d|ticket-|emulatedverificationtoken|emulated-signing|Bearer x/i;
    for (const line of [...written.split('\n'), ...fixture.log]) expect(line).not.toMatch(secrets);
    expect(written + log()).not.toContain(`${url}/response/`);
  }, 30_000);
});
