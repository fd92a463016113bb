import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { commands, localisations, messageActions } from '../../../commands/index.ts';
import { type CommandCatalog, describeCommands } from '../../../src/platforms/discord/registration.ts';
import { createControlledEngine } from '../../doubles/controlled-engine.ts';
import { type DiscordFixture, openDiscordFixture } from './discord-fixture.ts';

const OFFERED: CommandCatalog = {
  commands: commands.map(({ description }) => description),
  messageActions: messageActions.map(({ description }) => description),
  localisations,
};

describe('the commands on Discord', () => {
  let fixture: DiscordFixture;
  let offered: CommandCatalog;
  const written = () => fixture.discord.requests.filter(({ method }) => method === 'PUT');
  beforeEach(async () => {
    offered = OFFERED;
    fixture = await openDiscordFixture({
      engine: createControlledEngine(),
      port: {
        get commands() {
          return offered;
        },
      },
    });
  });
  afterEach(() => fixture.close());

  it('are all taken, and found in servers, direct messages and groups', () => {
    const { commands: registered } = fixture.discord.state;
    expect(registered.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['imagine', 'queue', 'cancel', 'settings', 'styles', 'models', 'info', 'help', 'show']),
    );
    expect(registered.filter(({ type }) => type === 3).map(({ name }) => name)).toEqual(['Vary this', 'Show recipe']);
    for (const { contexts, integration_types } of registered) {
      expect(contexts).toEqual([0, 1, 2]);
      expect(integration_types).toEqual([0, 1]);
    }
    expect(registered.find(({ name }) => name === 'channel')?.default_member_permissions).toBe(`${1 << 13}`);
    const imagine = registered.find(({ name }) => name === 'imagine');
    expect(imagine?.default_member_permissions).toBeNull();
    expect(Object.keys(imagine?.description_localizations ?? {}).length).toBeGreaterThanOrEqual(4);
  });

  it('are written again only when they have changed', async () => {
    expect(written()).toHaveLength(1);
    await fixture.restart();
    expect(written()).toHaveLength(1);
    const [first, ...rest] = OFFERED.commands;
    if (first === undefined) throw new Error('no commands');
    offered = { ...OFFERED, commands: [{ ...first, description: 'Another way to say it' }, ...rest] };
    await fixture.restart();
    expect(written()).toHaveLength(2);
    expect(fixture.discord.state.commands.find(({ name }) => name === first.name)?.description).toBe(
      'Another way to say it',
    );
  });

  it('have names and descriptions in other languages', async () => {
    const words = {
      name: 'malen',
      description: 'Malt ein Bild',
      options: { prompt: { name: 'bild', description: 'Was zu sehen ist' } },
    };
    offered = {
      ...OFFERED,
      localisations: { commands: { de: { imagine: words } }, messageActions: { de: { vary_this: 'Variieren' } } },
    };
    await fixture.restart();
    const imagine = fixture.discord.state.commands.find(({ name }) => name === 'imagine');
    expect(imagine).toMatchObject({
      name_localizations: { de: 'malen' },
      description_localizations: { de: 'Malt ein Bild' },
    });
    expect(imagine?.options?.[0]).toMatchObject({ name: 'prompt', name_localizations: { de: 'bild' } });
    await fixture.restart();
    expect(written()).toHaveLength(2);
  });

  it('of which there is more than Discord holds lose what matters least, not all', () => {
    const option = {
      aliases: [],
      description: 'a'.repeat(150),
      type: 'string',
      required: false,
      freeText: false,
      example: '',
    } as const;
    const options = Array.from({ length: 40 }, (_, index) => ({
      ...option,
      name: `option-${index}`,
      required: index === 39,
    }));
    const [described] = describeCommands({ ...OFFERED, commands: [{ name: 'much', description: 'Much', options }] });
    const names = described?.type === 1 ? (described.options ?? []).map(({ name }) => name) : [];
    expect(names).toHaveLength(25);
    expect(names[0]).toBe('option-39');
  });
});
