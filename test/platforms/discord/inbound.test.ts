import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Form } from '../../../src/core/form.ts';
import type { Request } from '../../../src/core/request.ts';
import { createDiscordPort } from '../../../src/platforms/discord/index.ts';
import type { ChannelPort, DispatchResult } from '../../../src/platforms/port.ts';
import { createMemoryValueStore } from '../../doubles/memory-value-store.ts';
import { type DiscordEmulator, startDiscord } from '../../emulators/discord/index.ts';

const OPTION = { aliases: [], description: 'words', required: false, freeText: false, example: '' } as const;
const OFFERED = {
  commands: [
    {
      name: 'draw',
      description: 'Draw',
      options: [
        { ...OPTION, name: 'what', type: 'string' },
        { ...OPTION, name: 'steps', type: 'integer' },
        { ...OPTION, name: 'tile', type: 'boolean' },
      ],
    },
  ],
  messageActions: [{ action: 'again', title: 'Draw again' }],
  localisations: { commands: {}, messageActions: {} },
} as const;
const REPLY = { state: 'info', lines: [], pictures: [], buttons: [] } as const;
const FORM: Form = {
  id: 'form:v1:remix:abc:0',
  title: 'Again',
  submitLabel: 'Draw',
  fields: [
    { name: 'what', label: 'What', kind: 'line', value: 'a fox', required: true },
    { name: 'style', label: 'Style', kind: 'choice', value: '', required: false, choices: ['ink', 'oil'] },
    {
      name: 'many',
      label: 'Many',
      kind: 'choice',
      value: 's1',
      required: false,
      choices: Array.from({ length: 30 }, (_, n) => `s${n}`),
    },
  ],
};

describe('what Discord says becomes a request', () => {
  let discord: DiscordEmulator;
  let port: ChannelPort;
  let requests: Request[];
  let result: DispatchResult;
  beforeEach(async () => {
    requests = [];
    result = { kind: 'private', reply: REPLY };
    discord = await startDiscord();
    const { token, apiUrl } = discord;
    port = createDiscordPort({
      interactionTokens: createMemoryValueStore(),
      token,
      apiUrl,
      log: pino({ level: 'silent' }),
      commands: OFFERED,
    });
  });
  afterEach(async () => {
    await port.stop();
    await discord.close();
  });
  const start = () =>
    port.start({
      complete: async () => [],
      dispatch: async (request) => {
        requests.push(request);
        return result;
      },
    });

  it('with the options that were typed, the roles, and whether the person moderates', async () => {
    const { world } = discord;
    const [server, ada, ben] = [world.server('Atelier'), world.person('Ada'), world.person('Ben')];
    const role = world.role('painters');
    world.join(server, ada, { roles: [role], nickname: 'Countess' });
    world.join(server, ben, { moderates: true });
    const channel = world.channel(server, 'pictures');
    await start();
    await discord.as(ada).type(channel, 'draw', { what: 'a fox', steps: 0, tile: false });
    await discord.as(ben).type(channel, 'draw');
    expect(requests).toMatchObject([
      {
        ...{ kind: 'command', command: 'draw', options: { what: 'a fox', steps: 0, tile: false }, text: '' },
        ...{ isModerator: false, isAgeRestricted: false, roles: [role] },
        ...{ user: { platform: 'discord', id: ada.id, name: 'Countess' }, channel: { channelId: channel.id } },
      },
      { isModerator: true, roles: [], options: {} },
    ]);
  });

  it('in a thread: settings go by its channel, also whether it is one for adults', async () => {
    const { world } = discord;
    const [server, ada] = [world.server('Atelier'), world.person('Ada')];
    world.join(server, ada);
    const channel = world.channel(server, 'late', { isAgeRestricted: true });
    const thread = world.thread(channel, 'later');
    await start();
    await discord.as(ada).type(channel, 'draw');
    await discord.as(ada).type(thread, 'draw');
    expect(requests).toMatchObject([
      { isAgeRestricted: true, channel: { channelId: channel.id } },
      { isAgeRestricted: true, channel: { channelId: channel.id, threadId: thread.id } },
    ]);
  });

  it('in direct messages, where the person alone decides', async () => {
    const ada = discord.world.person('Ada');
    await start();
    await discord.as(ada).type(discord.world.directMessages(ada), 'draw');
    expect(requests).toMatchObject([{ isModerator: true, isAgeRestricted: false, roles: [], user: { name: 'Ada' } }]);
  });

  it('of a message from the menu, with its pictures; of a form, with all its fields', async () => {
    const { world } = discord;
    const [server, ada] = [world.server('Atelier'), world.person('Ada')];
    world.join(server, ada);
    const channel = world.channel(server, 'pictures');
    await start();
    const actor = discord.as(ada);
    const said = actor.say(channel, 'look', [
      { filename: 'a.png', contentType: 'image/png', data: new Uint8Array([1, 2]) },
    ]);
    result = { kind: 'form', form: FORM };
    const opened = await actor.choose(said, 'Draw again');
    expect(requests).toMatchObject([
      { kind: 'message_action', action: 'again', message: { messageId: said }, buttonIds: [] },
    ]);
    const [request] = requests;
    const [picture] = request?.kind === 'message_action' ? request.pictures : [];
    expect(picture).toMatchObject({ name: 'a.png', mediaType: 'image/png', byteLength: 2 });
    expect(await picture?.fetch(10)).toEqual(new Uint8Array([1, 2]));
    await expect(picture?.fetch(1)).rejects.toThrow('give a smaller one');
    result = { kind: 'private', reply: REPLY };
    await actor.fill(opened, { what: 'a crow', style: 'ink' });
    expect(requests[1]).toMatchObject({
      kind: 'form',
      formId: FORM.id,
      values: { what: 'a crow', style: 'ink', many: 's1' },
    });
  });
});
