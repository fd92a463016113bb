import { createHmac, randomUUID } from 'node:crypto';
import type { WebSocket } from 'ws';
import type { Faults } from './faults.ts';

export type EnvelopeType = 'events_api' | 'slash_commands' | 'interactive';
export type Payload = Readonly<Record<string, unknown>>;

/** What became of something that was delivered. */
export interface Delivered {
  /** The body of the acknowledgement: a form's errors. */
  readonly response: unknown;
  /** Times that it was sent, until it was acknowledged. */
  readonly attempts: number;
  /** Milliseconds from the last sending to its acknowledgement. */
  readonly ackMs: number;
}

/** Brings events to the app, again and again until it acknowledges one. */
export interface Delivery {
  /** @param attempt above 1: Slack believes that earlier ones were lost @throws when it is never acknowledged */
  send(type: EnvelopeType, payload: Payload, attempt?: number): Promise<Delivered>;
}

const MAX_ATTEMPTS = 4;

/** Sockets that the app has opened; Slack uses any one of them. */
export interface Sockets {
  add(socket: WebSocket): void;
  /** As networks do: without a word. */
  drop(): void;
  /** As Slack does when it moves a connection. */
  refresh(): void;
  readonly open: () => number;
}

export function createSocketDelivery(faults: Faults): Delivery & Sockets {
  const sockets = new Set<WebSocket>();
  const waiting = new Map<string, (response: unknown) => void>();

  function acknowledge(text: string): void {
    const { envelope_id: id, payload } = JSON.parse(text) as { envelope_id?: string; payload?: unknown };
    if (id !== undefined) waiting.get(id)?.(payload);
  }

  /** Undefined when no acknowledgement came in time. */
  function deliver(type: EnvelopeType, payload: Payload, attempt: number): Promise<Delivered | undefined> {
    const id = randomUUID();
    const sentAt = performance.now();
    const retry = attempt === 1 ? {} : { retry_attempt: attempt - 1, retry_reason: 'timeout' };
    const envelope = { envelope_id: id, type, accepts_response_payload: type !== 'events_api', payload, ...retry };
    return new Promise((resolve) => {
      const done = (result: Delivered | undefined) => {
        waiting.delete(id);
        clearTimeout(timer);
        resolve(result);
      };
      const timer = setTimeout(() => done(undefined), faults.acknowledgeWithinMs);
      waiting.set(id, (response) => done({ response, attempts: attempt, ackMs: performance.now() - sentAt }));
      const [socket] = [...sockets].filter((candidate) => candidate.readyState === candidate.OPEN);
      socket?.send(JSON.stringify(envelope));
    });
  }

  return {
    add: (socket) => {
      sockets.add(socket);
      socket.on('message', (data) => acknowledge(String(data)));
      socket.on('close', () => sockets.delete(socket));
      socket.send(
        JSON.stringify({ type: 'hello', num_connections: sockets.size, connection_info: { app_id: 'AEASEL' } }),
      );
    },
    drop: () => {
      for (const socket of sockets) socket.terminate();
    },
    refresh: () => {
      const note = { type: 'disconnect', reason: 'refresh_requested', debug_info: {} };
      for (const socket of sockets) socket.send(JSON.stringify(note));
    },
    open: () => [...sockets].filter((socket) => socket.readyState === socket.OPEN).length,
    send: async (type, payload, first = 1) => {
      for (let attempt = first; attempt <= MAX_ATTEMPTS; attempt++) {
        const sent = deliver(type, payload, attempt);
        const again = faults.duplicateEnvelopes ? deliver(type, payload, attempt + 1) : sent;
        const [first] = await Promise.all([sent, again]);
        if (first !== undefined) return first;
      }
      throw new Error(`Slack gave up: ${type} was never acknowledged`);
    },
  };
}

/** Delivery by requests to the app's own address, signed with the secret. */
export function createHttpDelivery(faults: Faults, appUrl: () => string, secret: string): Delivery {
  async function deliver(type: EnvelopeType, payload: Payload, attempt: number): Promise<Delivered | undefined> {
    const body = bodyOf(type, payload);
    const sentAt = performance.now();
    const retry: Record<string, string> =
      attempt === 1 ? {} : { 'x-slack-retry-num': `${attempt - 1}`, 'x-slack-retry-reason': 'http_timeout' };
    const headers = { ...signed(body, secret), 'content-type': contentTypeOf(type), ...retry };
    try {
      const signal = AbortSignal.timeout(faults.acknowledgeWithinMs);
      const response = await fetch(appUrl(), { method: 'POST', headers, body, signal });
      const text = await response.text();
      if (!response.ok) return undefined;
      const said: unknown = text.startsWith('{') ? JSON.parse(text) : undefined;
      return { response: said, attempts: attempt, ackMs: performance.now() - sentAt };
    } catch {
      return undefined;
    }
  }
  return {
    send: async (type, payload, first = 1) => {
      for (let attempt = first; attempt <= MAX_ATTEMPTS; attempt++) {
        const sent = deliver(type, payload, attempt);
        const again = faults.duplicateEnvelopes ? deliver(type, payload, attempt + 1) : sent;
        const [first] = await Promise.all([sent, again]);
        if (first !== undefined) return first;
      }
      throw new Error(`Slack gave up: ${type} was never acknowledged`);
    },
  };
}

/** The headers by which Slack shows that a request is its own. @param at seconds since the epoch */
export function signed(body: string, secret: string, at = Math.floor(Date.now() / 1000)): Record<string, string> {
  const signature = createHmac('sha256', secret).update(`v0:${at}:${body}`).digest('hex');
  return { 'x-slack-request-timestamp': `${at}`, 'x-slack-signature': `v0=${signature}` };
}

function contentTypeOf(type: EnvelopeType): string {
  return type === 'events_api' ? 'application/json' : 'application/x-www-form-urlencoded';
}

function bodyOf(type: EnvelopeType, payload: Payload): string {
  switch (type) {
    case 'events_api':
      return JSON.stringify(payload);
    case 'slash_commands':
      return new URLSearchParams(payload as Record<string, string>).toString();
    case 'interactive':
      return new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
  }
}
