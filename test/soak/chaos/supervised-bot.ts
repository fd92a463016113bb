import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { startBot, stopBot } from '../bot.ts';

const LOOK_MS = 20;
const CONNECT_MS = 120_000;

/** A time in which the bot was dead or starting, in `performance.now()`. */
interface Outage {
  readonly from: number;
  /** By platform: until the bot was there again. */
  readonly until: Map<string, number>;
}

export interface SupervisedBotOptions {
  readonly folder: string;
  readonly port: number;
  readonly env: Readonly<Record<string, string>>;
  readonly main: URL | undefined;
  /** By platform: whether the bot is connected to it. */
  readonly links: ReadonlyMap<string, () => boolean>;
}

/** The bot's process, which is killed and started again. Linux only. */
export class SupervisedBot {
  readonly url: string;
  readonly outages: Outage[] = [];
  /** Lines of its log, how often each came. */
  readonly log = new Map<string, number>();
  /** Ends that nobody had ordered. */
  readonly unordered: string[] = [];
  readonly #options: SupervisedBotOptions;
  readonly #engines = new Set<number>();
  readonly #stopped = new Set<number>();
  #bot: ChildProcess | undefined;
  #isUp = false;
  #isOrdered = false;

  constructor(options: SupervisedBotOptions) {
    this.#options = options;
    this.url = `http://127.0.0.1:${options.port}`;
  }

  get pid(): number | undefined {
    return this.#bot?.pid;
  }

  isUp(): boolean {
    return this.#isUp;
  }

  /** Resolves when the bot is up and connected to every platform. */
  async start(): Promise<void> {
    const { folder, port, env, main, links } = this.#options;
    const outage = this.outages.at(-1);
    await startBot(folder, { ...env, PORT: String(port) }, main, (bot) => this.#watch(bot));
    this.#isUp = true;
    const limit = performance.now() + CONNECT_MS;
    for (const missing = new Map(links); missing.size > 0; await sleep(LOOK_MS)) {
      for (const [platform, isConnected] of missing) {
        if (!isConnected()) continue;
        outage?.until.set(platform, performance.now());
        missing.delete(platform);
      }
      if (performance.now() > limit) throw new Error(`the bot did not connect to ${[...missing.keys()].join(' and ')}`);
    }
    this.noteEngine();
  }

  /** kill -9, and a new one after a while. @param whileStartingMs if given, that one is killed as well, after so long */
  async kill(deadMs: number, whileStartingMs?: number): Promise<void> {
    this.noteEngine();
    this.#isOrdered = true;
    this.outages.push({ from: performance.now(), until: new Map() });
    await this.#end('SIGKILL');
    await sleep(deadMs);
    if (whileStartingMs !== undefined) {
      const starting = this.start().catch(() => undefined);
      await sleep(whileStartingMs);
      await this.#end('SIGKILL');
      await starting;
      // It may have got up in that time.
      this.outages.at(-1)?.until.clear();
    }
    this.#isOrdered = false;
    await this.start();
  }

  /** @returns false when there is none */
  killEngine(): boolean {
    return this.#signalEngine('SIGKILL') !== undefined;
  }

  /** It stands still until it is taken for hung. @returns false when there is none */
  stopEngine(): boolean {
    const pid = this.#signalEngine('SIGSTOP');
    if (pid !== undefined) this.#stopped.add(pid);
    return pid !== undefined;
  }

  /** SIGTERM. @returns ids of engine processes that are there afterwards, but for stopped ones, which cannot end */
  async end(): Promise<readonly number[]> {
    this.noteEngine();
    this.#isOrdered = true;
    await this.#end('SIGTERM');
    for (const pid of this.#stopped) if (isEngine(pid)) process.kill(pid, 'SIGKILL');
    const limit = performance.now() + 10_000;
    const left = () => [...this.#engines].filter((pid) => !this.#stopped.has(pid) && isEngine(pid));
    while (left().length > 0 && performance.now() < limit) await sleep(100);
    return left();
  }

  /** Milliseconds between two times in which the platform had no bot. */
  downMs(platform: string, from: number, to: number): number {
    return this.outages.reduce((sum, outage) => {
      const until = outage.until.get(platform) ?? Number.POSITIVE_INFINITY;
      return sum + Math.max(0, Math.min(to, until) - Math.max(from, outage.from));
    }, 0);
  }

  /** Remembers the engine's process, to see at the end that it is gone. @returns its id */
  noteEngine(): number | undefined {
    const pid = this.#bot?.pid;
    const engine = pid === undefined ? undefined : childrenOf(pid).find(isEngine);
    if (engine !== undefined) this.#engines.add(engine);
    return engine;
  }

  #signalEngine(signal: NodeJS.Signals): number | undefined {
    const pid = this.noteEngine();
    if (pid !== undefined) process.kill(pid, signal);
    return pid;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    this.#isUp = false;
    if (this.#bot !== undefined) await stopBot(this.#bot, signal);
  }

  #watch(bot: ChildProcess): void {
    this.#bot = bot;
    bot.once('exit', (code, signal) => {
      if (!this.#isOrdered) this.unordered.push(`the bot ended with ${code ?? signal}`);
    });
    bot.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      for (const line of chunk.split('\n')) if (line !== '') this.#note(line);
    });
  }

  #note(line: string): void {
    const said = /"msg":"(.*)"/.exec(line)?.[1] ?? line;
    const key = said.replaceAll(/\d+/g, 'N').slice(0, 300);
    this.log.set(key, (this.log.get(key) ?? 0) + 1);
    if (process.env.CHAOS_LOG !== undefined) process.stderr.write(`${line}\n`);
  }
}

function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return text === '' ? [] : text.split(' ').map(Number);
  } catch {
    return [];
  }
}

/** A zombie has no command line. */
function isEngine(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('engine/process/child');
  } catch {
    return false;
  }
}
