import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MessagePage, WireMessage } from '../../../src/platforms/web/wire.ts';
import { startWeb, type WebFixture } from './web-fixture.ts';

let web: WebFixture;
beforeEach(async () => {
  web = await startWeb();
});
afterEach(() => web.stop());

interface ServerEvent {
  readonly event: string;
  readonly id: string;
  readonly data: { readonly resumed?: boolean } & Partial<WireMessage>;
}

/** Follows the channel as an `EventSource` does. */
async function* follow(after?: string, headers: Record<string, string> = {}): AsyncGenerator<ServerEvent> {
  const response = await fetch(`${web.port.url}/api/events${after === undefined ? '' : `?after=${after}`}`, {
    headers,
  });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  try {
    while (reader !== undefined) {
      const { value, done } = await reader.read();
      if (done) return;
      text += value;
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) if (!block.startsWith(':')) yield parse(block);
    }
  } finally {
    await reader?.cancel();
  }
}

function parse(block: string): ServerEvent {
  const fields = new Map(
    block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  );
  return { event: fields.get('event') ?? '', id: fields.get('id') ?? '', data: JSON.parse(fields.get('data') ?? '{}') };
}

async function take(
  events: AsyncGenerator<ServerEvent>,
  until: (event: ServerEvent) => boolean,
): Promise<ServerEvent[]> {
  const taken: ServerEvent[] = [];
  for await (const event of events) {
    taken.push(event);
    if (until(event)) break;
  }
  return taken;
}

const isDone = ({ data }: ServerEvent) => data.kind === 'reply' && data.reply?.state === 'done';
const cursorNow = async () => ((await (await web.client.get('/api/messages')).json()) as MessagePage).cursor;

describe('events', () => {
  it('tell a follower of the line, the progress with previews, and the end', async () => {
    const events = follow();
    expect((await events.next()).value).toMatchObject({ event: 'hello', data: { resumed: true } });
    const following = take(events, isDone);
    await web.client.say('/imagine a fox');
    const messages = (await following).map(({ data }) => data);
    expect(messages).toContainEqual(expect.objectContaining({ kind: 'command', line: '/imagine a fox' }));
    const states = messages.flatMap((message) => (message.kind === 'reply' ? (message.reply?.state ?? '') : []));
    expect(states.at(-1)).toBe('done');
    expect(states).toContain('running');
  });

  it('miss nothing after the cursor of a page of messages', async () => {
    const cursor = await cursorNow();
    await web.client.say('/imagine a fox');
    await web.double.settled();
    const events = await take(follow(cursor), isDone);
    expect(events[0]).toMatchObject({ event: 'hello', data: { resumed: true } });
    expect(events.map(({ data }) => data.kind)).toContain('command');
  });

  it('resume after the last event, by header too, and say a message once as it now stands', async () => {
    await web.client.say('/imagine a fox');
    await web.double.settled();
    const cursor = await cursorNow();
    const [reply] = await web.client.replies();
    const message = { channel: { platform: 'web', channelId: 'easel' }, messageId: reply?.id ?? '' } as const;
    const edited = { state: 'done', lines: [], pictures: [], buttons: [] } as const;
    await web.port.edit(message, edited);
    await web.port.edit(message, edited);
    await web.port.delete(message);
    const events = await take(follow(undefined, { 'Last-Event-ID': cursor }), ({ data }) => data.kind === 'deleted');
    expect(events.map(({ event }) => event)).toEqual(['hello', 'message']);
    expect(events[1]?.data).toEqual({ id: reply?.id, kind: 'deleted' });
  });

  it.each(['nonsense', 'deadbeef.1', 'deadbeef.-1', '%00'])('start anew from the cursor %s', async (cursor) => {
    const events = follow(cursor);
    expect((await events.next()).value).toMatchObject({ event: 'hello', data: { resumed: false } });
    await events.return(undefined);
  });

  it('never carry what was said privately', async () => {
    const cursor = await cursorNow();
    await web.client.say('/help');
    await web.client.say('/imagine a fox');
    const events = await take(follow(cursor), isDone);
    expect(JSON.stringify(events)).not.toContain('/help');
  });

  it('let go of followers that went away, so that others can come', async () => {
    for (let i = 0; i < 300; i++) {
      const events = follow();
      const hello = await events.next();
      if (hello.done) await expect.poll(async () => (await follow().next()).done, { timeout: 20_000 }).toBe(false);
      await events.return(undefined);
    }
  });
});
