import { botPayload } from '../payloads.ts';
import type { State } from '../state.ts';
import type { Server } from '../world.ts';
import type { GatewaySession } from './connection.ts';

/** READY: who the bot is, and where its servers will come from. @param url to resume at */
export function readyPayload({ id, shard }: GatewaySession, servers: readonly Server[], url: string, state: State) {
  return {
    ...{ v: 10, user: botPayload(state), session_id: id, resume_gateway_url: url, shard },
    guilds: servers.map((server) => ({ id: server.id, unavailable: true })),
    application: { id: state.bot.id, flags: 0 },
  };
}
