import { GatewayCloseCodes, GatewayOpcodes } from 'discord.js';
import type { RawData, WebSocket } from 'ws';
import type { State } from '../state.ts';

/** One bot's session: it outlives its connection, so that events that were missed can be given again. */
export interface GatewaySession {
  readonly id: string;
  readonly shard: readonly [id: number, count: number];
  readonly events: { readonly sequence: number; readonly type: string; readonly data: unknown }[];
  sequence: number;
  socket: WebSocket | undefined;
  presence: unknown;
  isInvalid: boolean;
}

export interface ConnectionOptions {
  readonly socket: WebSocket;
  readonly state: State;
  readonly heartbeatMs: number;
  /** Intents that the bot may not ask for. */
  readonly disallowedIntents: number;
  findSession(id: string): GatewaySession | undefined;
  createSession(shard: readonly [number, number], socket: WebSocket): GatewaySession;
  /** After READY: the servers. */
  onReady(session: GatewaySession): void;
  onPresence(session: GatewaySession): void;
  onHeartbeat(): void;
  /** After RESUMED. */
  onResumed(): void;
  /** Why the next bot that identifies is sent away, whatever it says. */
  refuseNext(): number | undefined;
  /** Heartbeats are not acknowledged while this is true. */
  isDeaf(): boolean;
}

interface Identify {
  readonly token?: string;
  readonly intents?: number;
  readonly shard?: readonly [number, number];
  readonly properties?: object;
  readonly presence?: unknown;
}
interface Resume {
  readonly token?: string;
  readonly session_id?: string;
  readonly seq?: number;
}

/** 15 privileged and ordinary intents and those for polls. */
const ALL_INTENTS = 0x331_ffff;

/** The talk over one socket: HELLO, then IDENTIFY or RESUME, then heartbeats. */
export function converse(options: ConnectionOptions): void {
  const { socket, state, heartbeatMs } = options;
  let session: GatewaySession | undefined;

  const send = (op: GatewayOpcodes, d: unknown) => socket.send(JSON.stringify({ op, d, s: null, t: null }));

  /** Why the bot is not let in; undefined lets it in. */
  function refusalOf({ token, intents, shard = [0, 1], properties }: Identify): GatewayCloseCodes | undefined {
    if (session !== undefined) return GatewayCloseCodes.AlreadyAuthenticated;
    if (token !== state.bot.token) return GatewayCloseCodes.AuthenticationFailed;
    if (intents === undefined || properties === undefined) return GatewayCloseCodes.InvalidIntents;
    if ((intents & ~ALL_INTENTS) !== 0) return GatewayCloseCodes.InvalidIntents;
    if ((intents & options.disallowedIntents) !== 0) return GatewayCloseCodes.DisallowedIntents;
    return shard[0] >= shard[1] ? GatewayCloseCodes.InvalidShard : undefined;
  }

  function identify(data: Identify): void {
    const refusal = options.refuseNext() ?? refusalOf(data);
    if (refusal !== undefined) {
      socket.close(refusal);
      return;
    }
    session = options.createSession(data.shard ?? [0, 1], socket);
    session.presence = data.presence;
    options.onReady(session);
  }

  function resume({ token, session_id: id = '', seq = 0 }: Resume): void {
    const known = options.findSession(id);
    if (token !== state.bot.token) {
      socket.close(GatewayCloseCodes.AuthenticationFailed);
    } else if (known === undefined || known.isInvalid) {
      send(GatewayOpcodes.InvalidSession, false);
    } else if (seq > known.sequence) {
      socket.close(GatewayCloseCodes.InvalidSeq);
    } else {
      takeUp(known, seq);
    }
  }

  function takeUp(known: GatewaySession, seq: number): void {
    session = known;
    known.socket = socket;
    for (const event of known.events) if (event.sequence > seq) sendEvent(socket, event);
    known.sequence += 1;
    sendEvent(socket, { sequence: known.sequence, type: 'RESUMED', data: { _trace: [] } });
    options.onResumed();
  }

  function receive(op: GatewayOpcodes, data: unknown): void {
    switch (op) {
      case GatewayOpcodes.Heartbeat:
        options.onHeartbeat();
        if (!options.isDeaf()) send(GatewayOpcodes.HeartbeatAck, null);
        break;
      case GatewayOpcodes.Identify:
        identify(data as Identify);
        break;
      case GatewayOpcodes.Resume:
        resume(data as Resume);
        break;
      case GatewayOpcodes.PresenceUpdate:
        if (session === undefined) {
          socket.close(GatewayCloseCodes.NotAuthenticated);
          break;
        }
        session.presence = data;
        options.onPresence(session);
        break;
      default:
        socket.close(GatewayCloseCodes.UnknownOpcode);
    }
  }

  socket.on('message', (raw: RawData) => {
    const payload = parse(String(raw));
    if (payload === undefined) socket.close(GatewayCloseCodes.DecodeError);
    else receive(payload.op as GatewayOpcodes, payload.d);
  });
  socket.on('close', () => {
    if (session?.socket === socket) session.socket = undefined;
  });
  send(GatewayOpcodes.Hello, { heartbeat_interval: heartbeatMs, _trace: [] });
}

function parse(text: string): { readonly op?: unknown; readonly d?: unknown } | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function sendEvent(socket: WebSocket, event: { sequence: number; type: string; data: unknown }): void {
  const { sequence, type, data } = event;
  socket.send(JSON.stringify({ op: GatewayOpcodes.Dispatch, s: sequence, t: type, d: data }));
}
