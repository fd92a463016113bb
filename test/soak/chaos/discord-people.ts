import type { EmulatedInteraction } from '../../emulators/discord/index.ts';
import { LOADING } from '../../emulators/discord/messages.ts';
import { labelOf } from '../../emulators/discord/visible-message.ts';
import { type DiscordCrowd, readOptions } from '../discord-crowd.ts';
import type { Dice } from './dice.ts';
import { type Heard, type People, pressable } from './people.ts';

/** Discord delivers what people do once; what it has no answer to after 3 seconds it tells them did not work. */
export function createDiscordPeople(crowd: DiscordCrowd, dice: Dice): People {
  const { discord, channelOf } = crowd;
  const { state } = discord;

  function actorOf(person: number) {
    const actor = crowd.actors[person];
    if (actor === undefined) throw new RangeError(`there is no person ${person}`);
    return actor;
  }

  async function hear(act: () => Promise<EmulatedInteraction>): Promise<Heard> {
    const from = performance.now();
    const asked = await act();
    const { at, acknowledgedAt } = asked;
    const told = () => {
      const said = state.messages
        .in(asked.channel)
        .filter(({ origin, privateTo }) => origin?.interactionId === asked.id && privateTo !== undefined);
      return said.find(({ content }) => content !== '')?.content;
    };
    const isLeftThinking = () =>
      state.messages
        .in(asked.channel)
        .some(({ origin, flags }) => origin?.interactionId === asked.id && (flags & LOADING) !== 0);
    return {
      isLeftThinking,
      from,
      to: performance.now(),
      ackMs: acknowledgedAt === undefined ? undefined : acknowledgedAt - at,
      told,
    };
  }

  return {
    crowd,
    isConnected: () => discord.gateway.sessions.some(({ socket }) => socket?.readyState === 1),
    say: (person, line) => {
      const [, command = '', rest = ''] = /^\/(\S+)\s*(.*)$/s.exec(line) ?? [];
      const { prompt, ...options } = readOptions(` ${rest}`);
      const words = String(prompt).trim();
      const values = words === '' ? options : { ...options, prompt: words };
      return hear(() => actorOf(person).type(channelOf(person), command, values));
    },
    press: async (person, marker) => {
      const choices = actorOf(person)
        .sees(channelOf(person))
        .filter(
          ({ text, isPrivate, stored }) => !isPrivate && text.includes(marker) && stored.authorId === state.bot.id,
        )
        .flatMap(({ id, stored }) => stored.rows.flatMap((row) => row.components).map((button) => ({ id, button })))
        .flatMap(({ id, button }) => {
          const action = 'custom_id' in button ? pressable(button.custom_id) : undefined;
          return action === undefined ? [] : [{ id, action, label: labelOf(button) }];
        });
      if (choices.length === 0) return undefined;
      const { id, action, label } = dice.pick(choices);
      return { action, heard: await hear(() => actorOf(person).press(id, label)) };
    },
    throwBomb: async (person, { filename, contentType, data }, line) => {
      const actor = actorOf(person);
      const channel = channelOf(person);
      const picture = { filename, contentType, data };
      const prompt = line.replace('/imagine ', '').replace(/ --.*/s, '');
      const messageId = actor.say(channel, '', [picture]);
      await Promise.all([
        actor.type(channel, 'imagine', { prompt, picture, steps: 1, width: 64, height: 64, count: 1 }),
        actor.choose(messageId, 'Vary this'),
        actor.choose(messageId, 'Show recipe'),
      ]);
    },
  };
}
