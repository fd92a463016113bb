import type { APIApplicationCommand } from 'discord.js';
import { createClock, type MovableClock } from './clock.ts';
import { createInteractions, type Interactions } from './interactions.ts';
import { createMessages, type Messages } from './messages.ts';
import { createSnowflakes } from './snowflake.ts';
import { createWorld, type World } from './world.ts';

export interface Bot {
  /** Also its user's. */
  readonly id: string;
  readonly token: string;
  readonly name: string;
}

/** All that Discord remembers. */
export interface State {
  readonly bot: Bot;
  readonly clock: MovableClock;
  readonly world: World;
  readonly messages: Messages;
  readonly interactions: Interactions;
  /** As the bot has registered them. */
  commands: readonly APIApplicationCommand[];
  readonly nextId: () => string;
  /** Where attachments can be had; set once the server listens. */
  origin: string;
}

export function createState(clock = createClock()): State {
  const nextId = createSnowflakes(clock);
  const id = nextId();
  // In the form of a bot token: the id, a time, a signature.
  const token = [Buffer.from(id).toString('base64url'), 'GxEmul', 'a'.repeat(38)].join('.');
  return {
    bot: { id, token, name: 'Easel' },
    clock,
    world: createWorld(nextId),
    messages: createMessages(nextId, clock),
    interactions: createInteractions(clock),
    commands: [],
    nextId,
    origin: '',
  };
}
