import type { State } from '../state.ts';
import type { RequestBody } from './body.ts';
import type { Limit } from './rate-limits.ts';

/** A request that has come through authorisation, limits and parsing. */
export interface Incoming extends RequestBody {
  readonly state: State;
  /** What the path's placeholders stand for. */
  readonly path: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
}

export interface Answer {
  readonly status: number;
  readonly json?: unknown;
}

export interface Route {
  readonly method: string;
  /** `/channels/:channel/messages`; without `/api/v10`. */
  readonly template: string;
  /** By the bot's token, or by an interaction's in the path. */
  readonly auth: 'bot' | 'token';
  readonly limit: Limit;
  /** The placeholders whose values have a bucket of their own. */
  readonly major: readonly string[];
  /** Interactions do not count against the global limit. */
  readonly isGlobal: boolean;
  run(incoming: Incoming): Answer;
}

export const ok = (json: unknown): Answer => ({ status: 200, json });
export const NO_CONTENT: Answer = { status: 204 };

/** A placeholder's value; the template has it, so it is there. */
export function at(incoming: Incoming, name: string): string {
  const value = incoming.path[name];
  if (value === undefined) throw new Error(`the route has no :${name}`);
  return value;
}
