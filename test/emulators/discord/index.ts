import { once } from 'node:events';
import { type Actor, createActor } from './actor.ts';
import type { MovableClock } from './clock.ts';
import { createGateway, type Gateway } from './gateway/gateway.ts';
import type { Faults } from './rest/faults.ts';
import type { RateLimits } from './rest/rate-limits.ts';
import { createRestServer, type LoggedRequest } from './rest/server.ts';
import { createState, type State } from './state.ts';
import type { Person, World } from './world.ts';

export type { Actor } from './actor.ts';
export type { EmulatedInteraction } from './interactions.ts';
export { renderChannel } from './page/page.ts';
export type { VisibleMessage } from './visible-message.ts';
export type { Channel, Person, ServerChannel } from './world.ts';

/** Discord on this machine: its REST API, its gateway, its people. */
export interface DiscordEmulator {
  /** For `rest.api` of discord.js. */
  readonly apiUrl: string;
  readonly token: string;
  readonly botId: string;
  readonly state: State;
  readonly world: World;
  readonly clock: MovableClock;
  readonly gateway: Gateway;
  readonly faults: Faults;
  readonly limits: RateLimits;
  readonly requests: readonly LoggedRequest[];
  as(person: Person): Actor;
  close(): Promise<void>;
}

export interface EmulatorOptions {
  readonly clock?: MovableClock;
  /** False never answers 429. */
  readonly hasLimits?: boolean;
  /** Intents, as bits, that are not enabled for the bot. Default: the privileged ones. */
  readonly disallowedIntents?: number;
  readonly recommendedShards?: number;
  readonly heartbeatMs?: number;
}

/** Presences, members and contents of messages. */
const PRIVILEGED_INTENTS = (1 << 1) | (1 << 8) | (1 << 15);

export async function startDiscord(options: EmulatorOptions = {}): Promise<DiscordEmulator> {
  const { hasLimits = true, disallowedIntents = PRIVILEGED_INTENTS, recommendedShards = 1, heartbeatMs } = options;
  const state = createState(options.clock);
  const rest = createRestServer({ state, hasLimits, gatewayInfo: () => gateway.info() });
  const { server } = rest;
  const heartbeat = heartbeatMs === undefined ? {} : { heartbeatMs };
  const gateway: Gateway = createGateway({ state, server, disallowedIntents, recommendedShards, ...heartbeat });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the emulator does not listen');
  state.origin = `http://127.0.0.1:${address.port}`;
  return {
    ...{ state, gateway, world: state.world, clock: state.clock, token: state.bot.token, botId: state.bot.id },
    ...{ apiUrl: `${state.origin}/api`, faults: rest.faults, limits: rest.limits, requests: rest.requests },
    as: (person) => createActor(person, state, gateway),
    close: async () => {
      gateway.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
