import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pendingOf } from '../../doubles/queue-reading.ts';
import { signed } from '../../emulators/slack/delivery.ts';
import { SIGNING_SECRET } from '../../emulators/slack/server.ts';
import { messagesVisibleTo } from '../../emulators/slack/visible-message.ts';
import { openSlackFixture, PATIENCE, type SlackFixture } from './slack-fixture.ts';

describe('delivery over HTTP', () => {
  let fixture: SlackFixture;
  beforeEach(async () => {
    fixture = await openSlackFixture({ delivery: 'http', env: { EASEL_COUNT: '1' } });
  });
  afterEach(() => fixture.close());

  const seen = () => messagesVisibleTo(fixture.slack).map((message) => fixture.visible(message));
  const now = () => Math.floor(Date.now() / 1000);
  const body = new URLSearchParams({
    ...{ command: '/imagine', text: 'a fox', trigger_id: '1', user_id: 'UADA', user_name: 'ada' },
    ...{ channel_id: 'CART', channel_name: 'art', team_id: 'TEASEL', team_domain: 'studio', api_app_id: 'AEASEL' },
    ...{ token: 'x', response_url: `http://127.0.0.1:1/response/none` },
  }).toString();

  function post(headers: Record<string, string>): Promise<Response> {
    return fetch(`http://127.0.0.1:${fixture.port.httpPort}/slack/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body,
    });
  }

  it('draws, takes buttons and opens forms as a socket does', async () => {
    const { actions, workspace } = fixture.slack;
    await actions.command('/imagine a fox');
    await expect.poll(() => seen()[0]?.pictures, PATIENCE).toEqual(['Picture: a fox']);
    const [drawn] = messagesVisibleTo(fixture.slack);
    if (drawn === undefined) throw new Error('nothing was drawn');
    await actions.press(drawn, '✏️');
    await expect.poll(() => workspace.views.length, PATIENCE).toBe(1);
  });

  it.each([
    ['without a signature', () => ({})],
    ['signed with another secret', () => signed(body, 'another')],
    ['signed for another text', () => signed(`${body}&more=1`, SIGNING_SECRET)],
    ['recorded more than five minutes ago', () => signed(body, SIGNING_SECRET, now() - 5 * 60 - 2)],
  ])('refuses what comes %s', async (_, headers) => {
    expect((await post(headers())).status).toBe(401);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(seen()).toEqual([]);
    expect(await pendingOf(fixture.app.queue)).toEqual([]);
  });

  it('takes what was signed within five minutes', async () => {
    expect((await post(signed(body, SIGNING_SECRET, now() - 4 * 60))).status).toBe(200);
    await expect.poll(() => seen()[0]?.pictures, PATIENCE).toEqual(['Picture: a fox']);
  });
});
