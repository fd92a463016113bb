import type { BlockChecker } from './check-blocks.ts';
import type { Faults } from './faults.ts';
import type { Workspace } from './workspace.ts';

/** A call that Slack refuses, with its word for it. */
export class SlackRefusal extends Error {
  override readonly name = 'SlackRefusal';
  readonly code: string;
  readonly details: readonly string[];

  constructor(code: string, details: readonly string[] = []) {
    super(`${code}${details.length > 0 ? `: ${details.join('; ')}` : ''}`);
    this.code = code;
    this.details = details;
  }
}

export interface MethodContext {
  readonly workspace: Workspace;
  readonly faults: Faults;
  readonly checkBlocks: BlockChecker;
  /** The emulator's own address, without a slash at the end. */
  readonly url: string;
  /** Opens a form for 3 s after it was given out. False when it is unknown, used, or too old. */
  readonly useTrigger: (triggerId: string) => string | undefined;
  /** An address for the socket of Socket Mode. */
  readonly socketUrl: () => string;
  readonly scopes: readonly string[];
}

/** The arguments of a call: text as it came, JSON where Slack reads JSON. */
export class Arguments {
  readonly #values: Readonly<Record<string, string>>;

  constructor(values: Readonly<Record<string, string>>) {
    this.#values = values;
  }

  text(name: string): string {
    const value = this.#values[name];
    if (value === undefined || value === '') throw new SlackRefusal('invalid_arguments', [`missing ${name}`]);
    return value;
  }

  optional(name: string): string | undefined {
    return this.#values[name];
  }

  flag(name: string): boolean {
    const value = this.#values[name];
    return value === 'true' || value === '1';
  }

  number(name: string): number {
    const value = Number(this.text(name));
    if (!Number.isInteger(value)) throw new SlackRefusal('invalid_arguments', [`${name} must be an integer`]);
    return value;
  }

  json(name: string): unknown {
    const value = this.#values[name];
    if (value === undefined) return undefined;
    try {
      return JSON.parse(value);
    } catch {
      throw new SlackRefusal('invalid_json', [name]);
    }
  }

  names(): string[] {
    return Object.keys(this.#values);
  }
}

/** One method of the Web API. */
export interface Method {
  /** Any of these is enough. */
  readonly scopes: readonly string[];
  /** All that may be given; more is an error, although Slack itself often only looks away. */
  readonly takes: readonly string[];
  readonly perMinute: number;
  /** The token that it is called with. */
  readonly token?: 'bot' | 'app';
  run(args: Arguments, context: MethodContext): Readonly<Record<string, unknown>>;
}
