import type { Server } from 'node:http';
import { GatewayCloseCodes, GatewayOpcodes } from 'discord.js';
import { WebSocketServer } from 'ws';
import { guildPayload } from '../payloads.ts';
import type { State } from '../state.ts';
import { converse, type GatewaySession, sendEvent } from './connection.ts';
import { createPresences, ownPresence } from './presences.ts';
import { readyPayload } from './ready.ts';

const HEARTBEAT_MS = 41_250;

/** How the next events go astray. */
export type EventFault = 'dropped' | 'twice' | { readonly delayMs: number };

export interface Gateway {
  readonly sessions: readonly GatewaySession[];
  /** How often a bot has identified. */
  readonly identifies: number;
  readonly resumes: number;
  readonly heartbeats: number;
  /** Bots that changed their presence more often than Discord allows. */
  readonly presenceExcesses: number;
  /** To every session that is responsible for the server; without a server, to the first shard. */
  dispatch(type: string, data: unknown, serverId: string | undefined): void;
  nextEvent(how: EventFault): void;
  /** op 7: "reconnect and resume". */
  askToReconnect(): void;
  /** op 9: the session is over. @param options.canResume false forgets it */
  invalidate(options?: { canResume?: boolean; afterResume?: boolean }): void;
  /** Breaks the connections, as a network does, or closes them with a code. */
  cut(code?: number): void;
  setDeaf(isDeaf: boolean): void;
  /** The next bot that identifies is sent away with this code. */
  closeNext(code: number): void;
  info(): object;
  close(): void;
}

export interface GatewayOptions {
  readonly state: State;
  readonly server: Server;
  readonly disallowedIntents: number;
  readonly recommendedShards: number;
  readonly heartbeatMs?: number;
}

export function createGateway(options: GatewayOptions): Gateway {
  const { state, server, heartbeatMs = HEARTBEAT_MS, recommendedShards } = options;
  const sockets = new WebSocketServer({ server });
  const sessions = new Map<string, GatewaySession>();
  const astray: EventFault[] = [];
  let identifies = 0;
  let resumes = 0;
  let heartbeats = 0;
  let isDeaf = false;
  let closeCode: number | undefined;
  let invalidAfterResume = false;
  const presences = createPresences(state.clock);

  const live = () => [...sessions.values()].filter(({ isInvalid }) => !isInvalid);
  const url = () => state.origin.replace('http', 'ws');

  function give(session: GatewaySession, type: string, data: unknown): void {
    session.sequence += 1;
    const event = { sequence: session.sequence, type, data };
    session.events.push(event);
    if (session.socket !== undefined) sendEvent(session.socket, event);
  }

  function isResponsible({ shard: [id, count] }: GatewaySession, serverId: string | undefined): boolean {
    return serverId === undefined ? id === 0 : Number((BigInt(serverId) >> 22n) % BigInt(count)) === id;
  }

  sockets.on('connection', (socket) => {
    converse({
      socket,
      state,
      heartbeatMs,
      disallowedIntents: options.disallowedIntents,
      isDeaf: () => isDeaf,
      onHeartbeat: () => {
        heartbeats += 1;
      },
      refuseNext: () => {
        const code = closeCode;
        closeCode = undefined;
        return code;
      },
      findSession: (id) => sessions.get(id),
      onResumed: () => {
        resumes += 1;
        if (!invalidAfterResume) return;
        invalidAfterResume = false;
        for (const session of live()) if (session.socket === socket) session.isInvalid = true;
        socket.send(JSON.stringify({ op: GatewayOpcodes.InvalidSession, d: false, s: null, t: null }));
      },
      createSession: (shard, own) => {
        identifies += 1;
        const id = state.nextId();
        const session = { id, shard, events: [], sequence: 0, socket: own, presence: undefined, isInvalid: false };
        sessions.set(id, session);
        return session;
      },
      onReady: (session) => {
        const servers = [...state.world.servers.values()].filter(
          ({ id, hasBot }) => hasBot && isResponsible(session, id),
        );
        give(session, 'READY', readyPayload(session, servers, url(), state));
        const own = ownPresence(
          live().filter((other) => other !== session),
          state.bot.id,
        );
        for (const one of servers) give(session, 'GUILD_CREATE', { ...guildPayload(one, state), presences: own });
      },
      onPresence: presences.note,
    });
  });

  return {
    get sessions() {
      return live();
    },
    get identifies() {
      return identifies;
    },
    get resumes() {
      return resumes;
    },
    get heartbeats() {
      return heartbeats;
    },
    get presenceExcesses() {
      return presences.excesses;
    },
    dispatch: (type, data, serverId) => {
      const how = astray.shift();
      if (how === 'dropped') return;
      const deliver = () => {
        for (const session of live()) if (isResponsible(session, serverId)) give(session, type, data);
      };
      if (typeof how === 'object') {
        setTimeout(deliver, how.delayMs);
        return;
      }
      deliver();
      if (how === 'twice') deliver();
    },
    nextEvent: (how) => {
      astray.push(how);
    },
    askToReconnect: () => {
      for (const { socket } of live())
        socket?.send(JSON.stringify({ op: GatewayOpcodes.Reconnect, d: null, s: null, t: null }));
    },
    invalidate: ({ canResume = false, afterResume = false } = {}) => {
      if (afterResume) {
        invalidAfterResume = true;
        return;
      }
      for (const session of live()) {
        const { socket } = session;
        if (!canResume) session.isInvalid = true;
        socket?.send(JSON.stringify({ op: GatewayOpcodes.InvalidSession, d: canResume, s: null, t: null }));
      }
    },
    cut: (code) => {
      for (const session of live()) {
        if (code === undefined) session.socket?.terminate();
        else session.socket?.close(code);
        if (code === GatewayCloseCodes.AuthenticationFailed) session.isInvalid = true;
        session.socket = undefined;
      }
    },
    setDeaf: (deaf) => {
      isDeaf = deaf;
    },
    closeNext: (code) => {
      closeCode = code;
    },
    info: () => ({
      ...{ url: url(), shards: recommendedShards },
      session_start_limit: { total: 1000, remaining: 1000 - identifies, reset_after: 86_400_000, max_concurrency: 16 },
    }),
    close: () => {
      for (const client of sockets.clients) client.terminate();
      sockets.close();
    },
  };
}
