import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PostResult } from '../../../src/platforms/web/wire.ts';
import { refusal, startWeb, type WebFixture } from './web-fixture.ts';

let web: WebFixture;
beforeEach(async () => {
  web = await startWeb();
});
afterEach(() => web.stop());

describe('saying something', () => {
  it("shows the person's line and then Easel's message with its picture", async () => {
    const result = await web.client.say('/imagine a fox --seed 3');
    await web.double.settled();
    expect(result).toMatchObject({ kind: 'posted', message: { kind: 'command', line: '/imagine a fox --seed 3' } });
    const [line, reply, ...rest] = await web.client.messages();
    expect(rest).toEqual([]);
    expect(line).toMatchObject({ author: { name: 'Ada' }, line: '/imagine a fox --seed 3' });
    expect(reply).toMatchObject({ kind: 'reply', reply: { state: 'done', pictures: [{ width: 258 }] } });
  });

  it('hands dispatch the command and the text after it', async () => {
    await web.client.say('/Imagine  a fox\nin snow --no rain');
    expect(web.double.requests[0]).toMatchObject({
      kind: 'command',
      command: 'imagine',
      options: {},
      text: 'a fox\nin snow --no rain',
      user: { platform: 'web', name: 'Ada' },
      channel: { platform: 'web', channelId: 'easel' },
    });
  });

  it('takes typed options and shows them as the line a person would have typed', async () => {
    const body = { name: 'Ada', command: 'imagine', options: { prompt: 'a fox', seed: 0 } };
    await web.client.post('/api/messages', body);
    expect(web.double.requests[0]).toMatchObject({ options: { prompt: 'a fox', seed: 0 }, text: '' });
    expect((await web.client.messages())[0]).toMatchObject({ line: '/imagine a fox --seed 0' });
  });

  it('answers privately without leaving a trace in the channel', async () => {
    const result = await web.client.say('/help');
    expect(result).toMatchObject({ kind: 'private', reply: { state: 'info' } });
    expect(await web.client.messages()).toEqual([]);
  });

  it('says how to begin when a message is not a command', async () => {
    const result = await web.client.say('a fox');
    const reply = result.kind === 'private' ? result.reply : undefined;
    const sentence = reply?.lines
      .flat()
      .map((span) => ('text' in span ? span.text : ''))
      .join('');
    expect(sentence).toBe('A message must start with a command. Try /imagine a fox in the snow.');
    expect(web.double.requests).toEqual([]);
  });

  it('makes one job of a request that is sent twice at once, and again later', async () => {
    const [first, second] = await Promise.all([
      web.client.say('/imagine a fox', { requestId: 'r1' }),
      web.client.say('/imagine a fox', { requestId: 'r1' }),
    ]);
    expect(await web.client.say('/imagine a fox', { requestId: 'r1' })).toEqual(first);
    expect(second).toEqual(first);
    expect(web.double.requests).toHaveLength(1);
    expect(await web.client.messages()).toHaveLength(2);
  });

  it('keeps requests of two people with the same request id apart', async () => {
    await web.client.say('/imagine a fox', { requestId: 'r1', name: 'Ada' });
    await web.client.say('/imagine a fox', { requestId: 'r1', name: 'Ben' });
    expect(web.double.requests).toHaveLength(2);
  });
});

describe('people', () => {
  const join = async (name: string, headers?: Record<string, string>) =>
    (await (await web.client.post('/api/people', { name }, headers)).json()) as {
      person: { id: string; name: string };
      token: string;
    };

  it('gives two people of one name different ids, and a name alone another again', async () => {
    const [one, two] = [await join('Ada'), await join('Ada')];
    for (const { token } of [one, two]) {
      await web.client.post('/api/messages', { line: '/help' }, { Authorization: `Bearer ${token}` });
    }
    await web.client.say('/help');
    const ids = web.double.requests.map((request) => request.user.id);
    expect(ids.slice(0, 2)).toEqual([one.person.id, two.person.id]);
    expect(new Set(ids).size).toBe(3);
  });

  it('keeps the id when a person takes another name', async () => {
    const ada = await join('Ada');
    const renamed = await join('Countess', { Authorization: `Bearer ${ada.token}` });
    expect(renamed.person).toEqual({ id: ada.person.id, name: 'Countess' });
  });

  it.each(['nonsense', 'a.b', `${Buffer.from('{"id":"x","name":"y"}').toString('base64url')}.AAAA`])(
    'refuses the token %s',
    async (token) => {
      const response = await web.client.post('/api/messages', { line: '/help' }, { Authorization: `Bearer ${token}` });
      expect(await refusal(response)).toEqual([401, 'Easel does not know this token; request a new one.']);
    },
  );

  it('refuses to speak for nobody', async () => {
    const response = await web.client.post('/api/messages', { line: '/help' });
    expect(await refusal(response)).toEqual([401, 'The request has no user; send a token, or a name in the body.']);
  });

  const UNSEEN = 'A name must have a letter, a digit or another visible character.';
  const NOT_WHOLE = 'A name cannot contain invisible characters.';
  it.each([
    ['', 'Please give a name.'],
    ['   ', 'Please give a name.'],
    ['a'.repeat(33), 'A name can have at most 32 characters.'],
    ['Ada\u202e', 'A name cannot contain control characters.'],
    ['A\nda', 'A name cannot contain control characters.'],
    ['\u200b', UNSEEN],
    ['\u200d\ufe0f', UNSEEN],
    ['\u3164', UNSEEN],
    ['\u2800\u2800', UNSEEN],
    ['\u115f \u1160', UNSEEN],
    ['\u00ad', UNSEEN],
    ['\u0301', UNSEEN],
    ['\u{e0041}', UNSEEN],
    ['A\u200bda', NOT_WHOLE],
    ['Ada\u200b', NOT_WHOLE],
    ['\u2060Ada', NOT_WHOLE],
    ['Ada\u3164', NOT_WHOLE],
    ['A\u200dda', NOT_WHOLE],
    ['Ada\u{e0041}', NOT_WHOLE],
    ['Ada\u00ad', NOT_WHOLE],
    ['Ada\ufe0f', NOT_WHOLE],
  ])('refuses the name %j', async (name, sentence) => {
    expect(await refusal(await web.client.post('/api/people', { name }))).toEqual([400, sentence]);
    const said = await web.client.post('/api/messages', { name, line: '/help' });
    expect(await refusal(said)).toEqual([400, sentence]);
    const query = `?name=${encodeURIComponent(name)}`;
    const handedOver = await web.client.post(`/api/uploads${query}`, 'x', { 'Content-Type': 'image/png' });
    expect(await refusal(handedOver)).toEqual([400, sentence]);
  });

  it.each(['José', '猫', '🦊', '👩🏽\u200d🚀', '❤\ufe0f Ada', 'می\u200cخواهم', 'क्\u200dष'])(
    'takes the name %s',
    async (name) => {
      expect((await web.client.post('/api/people', { name })).status).toBe(200);
    },
  );
});

describe('pressing a button', () => {
  async function finished() {
    await web.client.say('/imagine a fox');
    await web.double.settled();
    const [message] = await web.client.replies();
    if (message === undefined) throw new Error('no reply');
    return message;
  }
  const press = (messageId: string, button: string, name = 'Ben') =>
    web.client.post(`/api/messages/${messageId}/buttons`, { button, name });

  it('hands dispatch the button, its message and who pressed it', async () => {
    const message = await finished();
    const button = message.reply.buttons[1]?.[1]?.id ?? '';
    expect(await (await press(message.id, button)).json()).toEqual({ kind: 'posted' } satisfies PostResult);
    expect(web.double.requests[1]).toMatchObject({
      kind: 'button',
      buttonId: button,
      message: { messageId: message.id },
      user: { name: 'Ben' },
    });
  });

  it('refuses a button that the message does not have', async () => {
    const message = await finished();
    const response = await press(message.id, 'v1:vary:other:0');
    expect(await refusal(response)).toEqual([409, 'That button is no longer on the message.']);
  });

  it('says that a deleted message is gone', async () => {
    const message = await finished();
    const button = message.reply.buttons[1]?.at(-1)?.id ?? '';
    await press(message.id, button);
    expect(await refusal(await press(message.id, button))).toEqual([410, 'That message was deleted.']);
    const picture = message.reply.pictures[0]?.file ?? '';
    expect((await web.client.get(`/api/pictures/${picture}`)).status).toBe(404);
  });
});

describe('reading', () => {
  it('pages backwards through the channel', async () => {
    for (let i = 0; i < 5; i++) await web.port.post(channel, info(`message ${i}`), `n${i}`);
    const page = async (query: string) =>
      (await (await web.client.get(`/api/messages?${query}`)).json()) as {
        messages: { id: string }[];
        hasMore: boolean;
      };
    const newest = await page('limit=2');
    const before = await page(`limit=2&before=${newest.messages[0]?.id}`);
    const first = await page(`limit=2&before=${before.messages[0]?.id}`);
    expect([...first.messages, ...before.messages, ...newest.messages].map((message) => message.id)).toEqual([
      ...['1', '2', '3', '4', '5'],
    ]);
    expect([newest.hasMore, before.hasMore, first.hasMore]).toEqual([true, true, false]);
  });

  it.each(['limit=0', 'limit=101', 'limit=1.5', 'limit=x', 'before=x', 'before=-1'])('refuses %s', async (query) => {
    expect((await web.client.get(`/api/messages?${query}`)).status).toBe(400);
  });

  it('describes the channel', async () => {
    const channelInfo = await (await web.client.get('/api/channel')).json();
    expect(channelInfo).toMatchObject({ title: 'Studio', commands: [{ name: 'imagine' }, {}, {}] });
  });

  it.each(['..%2f..%2fsecret', 'secret', '%00', `${'0'.repeat(64)}.png`])('has no picture %s', async (file) => {
    expect((await web.client.get(`/api/pictures/${file}`)).status).toBe(404);
  });
});

describe('bad bodies', () => {
  it.each([
    ['{', 400, 'The body is not valid JSON.'],
    [{ name: 'Ada', line: '' }, 400, 'The message is empty; type a command such as /help.'],
    [{ name: 'Ada', line: `/${'a'.repeat(8000)}` }, 400, 'A message can have at most 8000 characters.'],
    [{ name: 'Ada', line: '/imagine a\u0000b' }, 400, 'A message cannot contain control characters.'],
    [{ name: 'Ada', line: '/imagine \ud800' }, 400, 'A message cannot contain control characters.'],
    [{ name: 'Ada', line: '/help', lines: 1 }, 400, 'lines is not a field of this request.'],
    [{ name: 'Ada', line: '/help', requestId: '../x' }, 400, 'requestId must be 1 to 64 letters, digits, - or _.'],
    [{ name: 'Ada', line: 'x'.repeat(70_000) }, 413, 'A request can have at most 64 KiB.'],
    [{ name: 'Ada', command: 'paint', options: {} }, 404, 'There is no command paint.'],
    [
      [],
      400,
      'A message must be {"line": "/imagine a fox"} or {"command": "imagine", "options": {"prompt": "a fox"}}.',
    ],
  ])('%j gets a sentence', async (body, status, sentence) => {
    expect(await refusal(await web.client.post('/api/messages', body))).toEqual([status, sentence]);
  });

  it('never answers any JSON with 5xx', async () => {
    const fields = fc.constantFrom('line', 'name', 'command', 'options', 'requestId', 'button', '__proto__');
    const body = fc.oneof(fc.jsonValue(), fc.dictionary(fields, fc.jsonValue()));
    await fc.assert(
      fc.asyncProperty(
        body,
        fc.constantFrom('/api/messages', '/api/people', '/api/messages/1/buttons'),
        async (value, path) => {
          const response = await web.client.post(path, JSON.stringify(value));
          expect(response.status).toBeLessThan(500);
        },
      ),
      { numRuns: 150 },
    );
  });
});

const channel = { platform: 'web', channelId: 'easel' } as const;
const info = (sentence: string) =>
  ({ state: 'info', lines: [[{ kind: 'text', text: sentence }]], pictures: [], buttons: [] }) as const;
