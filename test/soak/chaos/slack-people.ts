import { buttonsIn } from '../../emulators/slack/actions.ts';
import type { Delivered } from '../../emulators/slack/delivery.ts';
import { BOT, type Person } from '../../emulators/slack/workspace.ts';
import { type SlackCrowd, typedInSlack } from '../slack-crowd.ts';
import type { Dice } from './dice.ts';
import { type Heard, HONEST, type People, pressable } from './people.ts';

/** What refuses an honest request; answers to other requests of the person stand among what they alone see. */
const REFUSAL = /full|limit|went wrong/i;

/** Slack delivers what was not acknowledged within 3 seconds again, four times in all. */
export function createSlackPeople(crowd: SlackCrowd, dice: Dice): People {
  const { slack, channelOf } = crowd;
  const { actions, workspace } = slack;

  function personOf(index: number): Person {
    const person = crowd.persons[index];
    if (person === undefined) throw new RangeError(`there is no person ${index}`);
    return person;
  }

  async function hear(index: number, act: () => Promise<Delivered>): Promise<Heard> {
    const { id } = personOf(index);
    const from = performance.now();
    const before = workspace.messages.length;
    const told = () =>
      workspace.messages
        .slice(before)
        .filter(({ onlyFor }) => onlyFor === id)
        .map(({ text, blocks }) => text + JSON.stringify(blocks))
        .find((text) => index >= HONEST || REFUSAL.test(text));
    const delivered = await act().catch((error: unknown) => {
      if (String(error).includes('never acknowledged')) return undefined;
      throw error;
    });
    return { from, to: performance.now(), ackMs: delivered?.ackMs, told };
  }

  return {
    crowd,
    isConnected: () => slack.sockets.open() > 0,
    say: (index, line) => {
      const person = personOf(index);
      return hear(index, () => actions.command(typedInSlack(line), { channel: channelOf(index), person }));
    },
    press: async (index, marker) => {
      const person = personOf(index);
      const choices = workspace.messages
        .filter(
          ({ user, onlyFor, channel }) => user === BOT.id && onlyFor === undefined && channel === channelOf(index),
        )
        .filter(({ blocks }) => JSON.stringify(blocks).includes(marker))
        .flatMap((message) => buttonsIn(message.blocks).map((button) => ({ message, button })))
        .flatMap(({ message, button }) => {
          const action = pressable(button.action_id);
          return action === undefined ? [] : [{ message, action, label: button.text.text }];
        });
      if (choices.length === 0) return undefined;
      const { message, action, label } = dice.pick(choices);
      return { action, heard: await hear(index, () => actions.press(message, label, person)) };
    },
    throwBomb: async (index, { data }, line) => {
      const person = personOf(index);
      const words = line.replace('/imagine ', '');
      const message = await actions.say(`@Easel ${words}`, { channel: channelOf(index), person, files: [data] });
      await Promise.all(['Vary this', 'Show recipe'].map((name) => actions.messageShortcut(name, message, person)));
    },
  };
}
