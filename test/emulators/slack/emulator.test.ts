import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { renderChannel } from './page.ts';
import { APP_TOKEN, BOT_TOKEN, type SlackEmulator, startSlack } from './server.ts';

type Json = Readonly<Record<string, unknown>>;

/** What the emulator would not let pass, so that what passes is known to be right. */
describe('the Slack emulator', () => {
  let slack: SlackEmulator;
  beforeEach(async () => {
    slack = await startSlack();
  });
  afterEach(() => slack.close());

  async function call(method: string, args: Json = {}, token = BOT_TOKEN): Promise<Json> {
    const text = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
    const body = new URLSearchParams(
      Object.entries(args).map(([name, value]): [string, string] => [name, text(value)]),
    );
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(`${slack.apiUrl}${method}`, { method: 'POST', headers, body });
    return { status: response.status, ...((await response.json()) as Json) };
  }
  const post = (blocks: unknown, extra: Json = {}) =>
    call('chat.postMessage', {
      channel: 'CART',
      text: 'x',
      blocks,
      unfurl_links: false,
      unfurl_media: false,
      ...extra,
    });
  const button = (action_id: string, extra: Json = {}) => ({
    ...{ type: 'button', action_id, text: { type: 'plain_text', text: 'U1' } },
    ...extra,
  });
  const rich = (text: string) => ({
    type: 'rich_text',
    elements: [{ type: 'rich_text_section', elements: [{ type: 'text', text }] }],
  });

  it('takes what Slack takes', async () => {
    expect(await post([rich('hello'), { type: 'actions', elements: [button('a'), button('b')] }])).toMatchObject({
      ok: true,
      channel: 'CART',
    });
  });

  it.each<[string, unknown]>([
    ['an unknown block', [{ type: 'poem' }]],
    ['an unknown property', [{ ...rich('x'), colour: 'red' }]],
    ['no alternative text', [{ type: 'image', slack_file: { id: 'F1' } }]],
    ['a file that is not there', [{ type: 'image', slack_file: { id: 'F1' }, alt_text: 'x' }]],
    [
      'a label of 76 characters',
      [{ type: 'actions', elements: [button('a', { text: { type: 'plain_text', text: 'x'.repeat(76) } })] }],
    ],
    ['an id of 256 characters', [{ type: 'actions', elements: [button('a'.repeat(256))] }]],
    ['the same id twice', [{ type: 'actions', elements: [button('a'), button('a')] }]],
    [
      '26 buttons in a row',
      [{ type: 'actions', elements: Array.from({ length: 26 }, (_, index) => button(`b${index}`)) }],
    ],
    ['51 blocks', Array.from({ length: 51 }, () => rich('x'))],
    ['a row without buttons', [{ type: 'actions', elements: [] }]],
    ['an empty text', [rich('')]],
    ['an unknown style', [{ type: 'actions', elements: [button('a', { style: 'loud' })] }]],
  ])('refuses %s', async (_, blocks) => {
    expect(await post(blocks)).toMatchObject({ ok: false, error: 'invalid_blocks' });
    expect(slack.workspace.messages).toEqual([]);
  });

  it('refuses more text than a message takes', async () => {
    expect(await post([rich('x'.repeat(13_001))])).toMatchObject({ error: 'msg_blocks_too_long' });
  });

  it('refuses tokens, scopes, arguments and methods that are not right', async () => {
    expect(await call('chat.postMessage', {}, 'xoxb-other')).toMatchObject({ error: 'invalid_auth' });
    expect(await call('auth.test', {}, APP_TOKEN)).toMatchObject({ error: 'not_allowed_token_type' });
    expect(await call('apps.connections.open')).toMatchObject({ error: 'not_allowed_token_type' });
    expect(await call('users.info', { user: 'UADA', more: 1 })).toMatchObject({ error: 'invalid_arguments' });
    expect(await call('chat.update', { channel: 'CART', ts: '1', text: 'x' })).toMatchObject({
      error: 'message_not_found',
    });
    expect(await call('chat.sing')).toMatchObject({ error: 'unknown_method' });
    slack.faults.withheldScopes.add('chat:write');
    expect(await post([])).toMatchObject({ error: 'missing_scope', needed: 'chat:write' });
  });

  it('refuses forms that Slack would not open', async () => {
    const view = { type: 'modal', callback_id: 'f', title: { type: 'plain_text', text: 'x'.repeat(25) }, blocks: [] };
    expect(await call('views.open', { trigger_id: 't', view })).toMatchObject({ error: 'invalid_arguments' });
    const short = { ...view, title: { type: 'plain_text', text: 'x' } };
    expect(await call('views.open', { trigger_id: 't', view: short })).toMatchObject({ error: 'expired_trigger_id' });
  });

  it('limits calls by the minute, and posts by the channel', async () => {
    slack.faults.callsPerMinute.set('auth.test', 2);
    expect((await call('auth.test')).status).toBe(200);
    expect((await call('auth.test')).status).toBe(200);
    expect((await call('auth.test')).status).toBe(429);
    slack.faults.postIntervalMs = 60_000;
    expect((await post([rich('one')])).status).toBe(200);
    expect((await post([rich('two')])).status).toBe(429);
    expect((await post([rich('one')], { channel: 'CSIDE' })).status).toBe(200);
  });

  it('delivers again what is not acknowledged in time, and gives up at last', async () => {
    slack.faults.acknowledgeWithinMs = 50;
    const { url } = await call('apps.connections.open', {}, APP_TOKEN);
    const socket = new WebSocket(String(url));
    const heard: Json[] = [];
    socket.on('message', (data) => heard.push(JSON.parse(String(data)) as Json));
    await expect.poll(() => heard[0]?.type).toBe('hello');
    await expect(slack.actions.command('/imagine a fox')).rejects.toThrow('Slack gave up');
    const envelopes = heard.slice(1);
    expect(envelopes.map(({ retry_attempt }) => retry_attempt)).toEqual([undefined, 1, 2, 3]);
    expect(new Set(envelopes.map(({ payload }) => (payload as Json).trigger_id)).size).toBe(1);
    socket.terminate();
  });

  it('opens a socket only with a ticket that it gave out', async () => {
    const socket = new WebSocket(`${slack.url.replace('http', 'ws')}/link/?ticket=mine`);
    const code = await new Promise((resolve) => socket.on('close', resolve));
    expect(code).toBe(4001);
  });

  it('shows the channel as a page, where nothing that was said is markup', async () => {
    await post([rich('<script>alert(1)</script> & "more"'), { type: 'actions', elements: [button('a')] }]);
    const page = renderChannel(slack);
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;more&quot;');
    expect(page).toContain('<button class="">U1</button>');
    expect(page).not.toContain('<script');
  });
});
