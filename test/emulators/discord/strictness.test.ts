import { ButtonStyle, ComponentType, MessageFlags } from 'discord.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DiscordEmulator, type ServerChannel, startDiscord } from './index.ts';

const button = (custom_id: string, more: object = {}) => ({
  ...{ type: ComponentType.Button, style: ButtonStyle.Secondary, label: 'press', custom_id },
  ...more,
});
const row = (...components: object[]) => ({ type: ComponentType.ActionRow, components });
const menu = { type: ComponentType.StringSelect, custom_id: 'menu', options: [{ label: 'a', value: 'a' }] };
const option = (name: string, more: object = {}) => ({ type: 3, name, description: 'words', ...more });
const command = (more: object = {}) => ({ name: 'imagine', description: 'words', ...more });

describe('the emulated Discord refuses what Discord refuses', () => {
  let discord: DiscordEmulator;
  let channel: ServerChannel;
  beforeEach(async () => {
    discord = await startDiscord({ hasLimits: false });
    channel = discord.world.channel(discord.world.server('Atelier'), 'pictures');
  });
  afterEach(() => discord.close());

  async function ask(method: string, path: string, body?: unknown, token = discord.token) {
    const response = await fetch(`${discord.apiUrl}/v10${path}`, {
      method,
      headers: { authorization: `Bot ${token}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, json: text === '' ? undefined : JSON.parse(text), headers: response.headers };
  }
  const post = (body: object) => ask('POST', `/channels/${channel.id}/messages`, body);
  const register = (...commands: object[]) => ask('PUT', `/applications/${discord.botId}/commands`, commands);

  it('takes an ordinary message', async () => {
    const { status, json } = await post({ content: 'hello', components: [row(button('a'), button('b'))] });
    expect(status).toBe(200);
    expect(discord.state.messages.get(channel.id, json.id).content).toBe('hello');
  });

  it.each([
    ['an unknown field', { content: 'a', conten: 'b' }, /conten is not a field/],
    ['content of 2001 characters', { content: 'a'.repeat(2001) }, /2000 or fewer/],
    ['a sixth row', { components: Array.from({ length: 6 }, (_, n) => row(button(`b${n}`))) }, /5 or fewer/],
    ['a sixth button', { components: [row(...Array.from({ length: 6 }, (_, n) => button(`b${n}`)))] }, /components/],
    ['the same custom id twice', { components: [row(button('a')), row(button('a'))] }, /duplicated \(a\)/],
    ['a custom id of 101 characters', { components: [row(button('a'.repeat(101)))] }, /components/],
    ['a label of 81 characters', { components: [row(button('a', { label: 'a'.repeat(81) }))] }, /components/],
    [
      'a link with a custom id',
      { components: [row(button('a', { style: 5, url: 'https://a.example' }))] },
      /custom id/,
    ],
    ['a button without id', { components: [row(button('a', { custom_id: undefined }))] }, /custom id/],
    ['a button that says nothing', { components: [row(button('a', { label: undefined }))] }, /label or an emoji/],
    ['buttons and a menu in a row', { components: [row(button('a'), menu)] }, /do not share a row/],
    ['embeds over 6000 characters', { embeds: [1, 2].map(() => ({ description: 'a'.repeat(3500) })) }, /6000/],
    ['V2 with content', { content: 'a', flags: MessageFlags.IsComponentsV2 }, /IS_COMPONENTS_V2/],
    ['an attachment without its file', { attachments: [{ id: '0', filename: 'a.png' }] }, /no file 0/],
    ['alt text of 1025 characters', { attachments: [{ id: '0', description: 'a'.repeat(1025) }] }, /attachments/],
  ])('%s', async (_, body, message) => {
    const { status, json } = await post(body);
    expect(status).toBe(400);
    expect(json.code).toBe(50035);
    expect(json.message).toMatch(message);
    expect(discord.state.messages.in(channel)).toEqual([]);
  });

  it('an empty message', async () => {
    expect((await post({ content: '' })).json.code).toBe(50006);
  });

  it.each([
    ['a name in upper case', command({ name: 'Imagine' }), /lower case/],
    ['a name with a space', command({ name: 'two words' }), /name is invalid/],
    [
      'a required option after an optional one',
      command({ options: [option('a'), option('b', { required: true })] }),
      /before/,
    ],
    ['the same option twice', command({ options: [option('a'), option('a')] }), /unique/],
    ['26 options', command({ options: Array.from({ length: 26 }, (_, n) => option(`o${n}`)) }), /options/],
    [
      'choices and autocomplete',
      command({ options: [option('a', { autocomplete: true, choices: [{ name: 'a', value: 'a' }] })] }),
      /exclude/,
    ],
    ['a description of 101 characters', command({ description: 'a'.repeat(101) }), /description/],
    ['a message command with a description', command({ type: 3 }), /no description/],
    ['a language that does not exist', command({ name_localizations: { xx: 'malen' } }), /not a locale/],
    [
      'more than 8000 characters',
      command({
        options: Array.from({ length: 25 }, (_, n) =>
          option(`o${n}`, {
            choices: Array.from({ length: 25 }, (_, c) => ({ name: `choice ${c}`, value: `value ${c}` })),
          }),
        ),
      }),
      /maximum size/,
    ],
  ])('a command with %s', async (_, body, message) => {
    const { status, json } = await register(body);
    expect(status).toBe(400);
    expect(json.message).toMatch(message);
    expect(discord.state.commands).toEqual([]);
  });

  it('another token, another method, another path', async () => {
    expect((await ask('GET', '/users/@me', undefined, 'wrong')).status).toBe(401);
    expect((await ask('PUT', '/users/@me')).status).toBe(405);
    expect((await ask('GET', '/users/@you')).status).toBe(404);
  });

  it('messages where the bot may not write, or where there is nothing any more', async () => {
    channel.botPermissions = 1n << 10n;
    expect((await post({ content: 'a' })).json.code).toBe(50013);
    channel.botPermissions = 0n;
    expect((await post({ content: 'a' })).json.code).toBe(50001);
    channel.isDeleted = true;
    expect((await post({ content: 'a' })).json.code).toBe(10003);
  });

  it('a direct message to whoever shares no server with the bot, or takes none (50007)', async () => {
    const [stranger, ada] = [discord.world.person('Stranger'), discord.world.person('Ada')];
    discord.world.join(channel.server, ada);
    const write = async (id: string) => {
      const { json: direct } = await ask('POST', '/users/@me/channels', { recipient_id: id });
      return (await ask('POST', `/channels/${direct.id}/messages`, { content: 'a' })).json.code;
    };
    expect(await write(stranger.id)).toBe(50007);
    expect(await write(ada.id)).toBeUndefined();
    ada.takesDirectMessages = false;
    expect(await write(ada.id)).toBe(50007);
  });

  it('files beyond what the server takes', async () => {
    const form = new FormData();
    form.set('payload_json', JSON.stringify({ attachments: [{ id: '0', filename: 'a.png' }] }));
    form.set('files[0]', new Blob([new Uint8Array(10 * 1024 * 1024 + 1)], { type: 'image/png' }), 'a.png');
    const response = await fetch(`${discord.apiUrl}/v10/channels/${channel.id}/messages`, {
      method: 'POST',
      headers: { authorization: `Bot ${discord.token}` },
      body: form,
    });
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ code: 40005 });
  });

  describe('of an interaction', () => {
    const say = (asked: { id: string; token: string }, type: number, data?: object) =>
      ask('POST', `/interactions/${asked.id}/${asked.token}/callback`, { type, ...(data && { data }) });
    const edit = (token: string, body: object) =>
      ask('PATCH', `/webhooks/${discord.botId}/${token}/messages/%40original`, body);
    let asked: { id: string; token: string };
    beforeEach(async () => {
      await register(command());
      const ada = discord.world.person('Ada');
      discord.world.join(channel.server, ada);
      asked = discord.as(ada).begin(channel, 'imagine');
    });

    it('a second first word (40060)', async () => {
      expect((await say(asked, 5)).status).toBe(204);
      expect((await say(asked, 5)).json.code).toBe(40060);
    });

    it('a first word after 3 seconds (10062), or to nobody', async () => {
      discord.clock.advance(3001);
      expect((await say(asked, 5)).json.code).toBe(10062);
      expect((await say({ ...asked, token: 'other' }, 5)).json.code).toBe(10062);
    });

    it('what is said after 15 minutes (50027), or before a first word (10015)', async () => {
      expect((await edit(asked.token, { content: 'a' })).json.code).toBe(10015);
      await say(asked, 5);
      expect((await edit(asked.token, { content: 'a' })).status).toBe(200);
      discord.clock.advance(15 * 60_000 + 1);
      expect((await edit(asked.token, { content: 'b' })).json.code).toBe(50027);
    });

    it('an update of a message to a command, and suggestions to one that types nothing', async () => {
      expect((await say(asked, 6)).json.message).toMatch(/does not answer a command/);
      expect((await say(asked, 8, { choices: [] })).json.message).toMatch(/does not answer a command/);
    });

    it('the first message after "thinking…" takes its place, though it asks to be private', async () => {
      await say(asked, 5);
      const { json } = await ask('POST', `/webhooks/${discord.botId}/${asked.token}`, { content: 'a', flags: 64 });
      expect(discord.state.messages.get(channel.id, json.id).privateTo).toBeUndefined();
    });
  });
});

describe('the emulated Discord counts requests', () => {
  it('says how many are left, answers 429 with the time to wait, and takes more then', async () => {
    const discord = await startDiscord();
    const channel = discord.world.channel(discord.world.server('Atelier'), 'pictures');
    const post = () =>
      fetch(`${discord.apiUrl}/v10/channels/${channel.id}/messages`, {
        method: 'POST',
        headers: { authorization: `Bot ${discord.token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ content: 'a' }),
      });
    for (const left of ['4', '3', '2', '1', '0']) {
      expect((await post()).headers.get('x-ratelimit-remaining')).toBe(left);
    }
    const refused = await post();
    expect(refused.status).toBe(429);
    const { retry_after } = (await refused.json()) as { retry_after: number };
    expect(Number(refused.headers.get('retry-after'))).toBeCloseTo(retry_after, 3);
    discord.clock.advance(retry_after * 1000);
    expect((await post()).status).toBe(200);
    await discord.close();
  });
});
