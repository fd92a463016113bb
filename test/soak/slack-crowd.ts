import { type SlackEmulator, startSlack } from '../emulators/slack/server.ts';
import { APP_TOKEN, BOT_TOKEN } from '../emulators/slack/web-api.ts';
import type { Person } from '../emulators/slack/workspace.ts';
import type { Crowd } from './crowd.ts';

const CHANNELS = 30;

export interface SlackCrowd extends Crowd {
  readonly slack: SlackEmulator;
  readonly persons: readonly Person[];
  /** The id of the channel in which a person asks. */
  channelOf(person: number): string;
}

/** People in the channels of an emulated Slack workspace; the bot talks to it through the real Bolt. */
export async function createSlackCrowd(people: number): Promise<SlackCrowd> {
  const slack = await startSlack();
  slack.faults.postIntervalMs = 1000;
  const { workspace } = slack;
  const everybody = new Set(workspace.people.keys());
  const persons = Array.from({ length: people }, (_, index): Person => {
    const id = `USOAK${index}`;
    everybody.add(id);
    return { id, name: `person${index}`, displayName: `Person ${index}`, isAdmin: false, isBot: false };
  });
  for (let index = 0; index < CHANNELS; index += 1) {
    const id = `CSOAK${index}`;
    workspace.channels.set(id, { id, name: `soak-${index}`, kind: 'public', members: everybody, isArchived: false });
  }

  const channelOf = (person: number) => `CSOAK${person % CHANNELS}`;

  return {
    platform: 'slack',
    people,
    slack,
    persons,
    channelOf,
    env: { SLACK_BOT_TOKEN: BOT_TOKEN, SLACK_APP_TOKEN: APP_TOKEN, SLACK_API_URL: slack.apiUrl },
    begin: async () => {
      while (slack.sockets.open() === 0) await new Promise((resolve) => setTimeout(resolve, 100));
    },
    ask: async (index, line) => {
      const person = persons[index];
      if (person === undefined) throw new RangeError(`there is no person ${index}`);
      const { ackMs, attempts } = await slack.actions.command(typedInSlack(line), {
        channel: channelOf(index),
        person,
      });
      return attempts === 1 ? ackMs : undefined;
    },
    look: async () =>
      workspace.messages
        .filter(({ onlyFor, channel }) => onlyFor === undefined && channel.startsWith('CSOAK'))
        .map(({ blocks, files }) => {
          const text = JSON.stringify(blocks);
          return { text, hasPicture: (files?.length ?? 0) > 0 || text.includes('"image"') };
        }),
    end: () => slack.close(),
  };
}

/** Slack has one namespace of commands for all apps, so the rarer ones are words after /easel there. */
export function typedInSlack(line: string): string {
  return line.startsWith('/imagine') ? line : `/easel ${line.slice(1)}`;
}
