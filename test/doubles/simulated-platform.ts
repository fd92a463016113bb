import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Job } from '../../src/core/job.ts';
import { jobIdOf } from '../../src/core/job-id.ts';
import type { Reply } from '../../src/core/reply.ts';
import type { Request } from '../../src/core/request.ts';
import type { DispatchResult } from '../../src/platforms/port.ts';
import type { FromBot, PlatformCall, ToBot } from './bot-process.ts';

/** For one story; a machine that has much else to do takes many times what it takes alone. */
const PATIENCE_MS = 180_000;
const SCRIPT = fileURLToPath(new URL('./bot-process.ts', import.meta.url));

export interface PostedMessage {
  readonly id: string;
  readonly nonce: string;
  reply: Reply;
  deleted: boolean;
}

/**
 * The platform and the people on it. It starts the bot again whenever that dies, and sends again what was not answered,
 * as platforms do.
 */
export class SimulatedPlatform {
  readonly messages: PostedMessage[] = [];
  readonly answers = new Map<string, DispatchResult>();
  /** Points that the bot passed, in their order. */
  readonly passed: string[] = [];
  /** Jobs that the engine was asked for although their pictures stood. */
  readonly drawnAgain: string[] = [];
  readonly #rendered = new Set<string>();
  deaths = 0;
  /** Awaited before a call is answered. */
  onCall: (call: PlatformCall) => Promise<void> | undefined = () => undefined;
  readonly #unanswered = new Map<string, Request>();
  readonly #folder: string;
  readonly #model: string;
  #bot: ChildProcess | undefined;
  #ended = false;
  #seen: (seen: FromBot & { kind: 'seen' }) => void = () => {};

  constructor(folder: string, model: string) {
    this.#folder = folder;
    this.#model = model;
  }

  get unanswered(): number {
    return this.#unanswered.size;
  }

  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      let isReady = false;
      const bot = fork(SCRIPT, [this.#folder, this.#model], {
        execArgv: ['--import', import.meta.resolve('tsx')],
        serialization: 'advanced',
      });
      this.#bot = bot;
      bot.on('message', (message: FromBot) => {
        if (message.kind === 'ready') {
          isReady = true;
          for (const request of this.#unanswered.values()) this.#send({ kind: 'request', request });
          resolve();
        } else void this.#receive(message);
      });
      bot.once('exit', () => {
        if (this.#ended) return;
        // Killed while it takes up what the one before it left is part of the walk; not being able to start is not.
        if (!isReady && bot.signalCode === null) return reject(new Error('the bot could not be started'));
        this.deaths += 1;
        void this.start().then(resolve, reject);
      });
    });
  }

  async end(): Promise<void> {
    this.#ended = true;
    const bot = this.#bot;
    if (bot === undefined || bot.exitCode !== null || bot.signalCode !== null) return;
    const exited = new Promise((resolve) => bot.once('exit', resolve));
    bot.kill('SIGKILL');
    await exited;
  }

  arm(point: string, victim: 'shell' | 'engine'): void {
    this.#send({ kind: 'arm', point, victim });
  }

  say(request: Request): void {
    this.#unanswered.set(request.id, request);
    this.#send({ kind: 'request', request });
  }

  /** The one message of a request's job; more than one is an error. */
  messageOf(requestId: string): PostedMessage | undefined {
    const [message, second] = this.messages.filter(({ nonce }) => nonce === jobIdOf('web', requestId));
    if (second !== undefined) throw new Error(`${requestId} was posted twice`);
    return message;
  }

  /** The jobs of these requests, once nothing remains to be done for any job and all requests are answered. */
  async settled(...requestIds: string[]): Promise<readonly Job[]> {
    const jobIds = requestIds.map((id) => jobIdOf('web', id));
    let seen = '';
    for (const limit = performance.now() + PATIENCE_MS; performance.now() < limit; ) {
      const { unfinished, jobs } = await this.#look(jobIds);
      seen = `unfinished ${unfinished}; ${jobs.map((job) => job?.state)}; unanswered ${[...this.#unanswered.keys()]}`;
      const known = jobs.filter((job) => job !== undefined);
      if (unfinished.length === 0 && known.length === jobIds.length && this.#unanswered.size === 0) return known;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error(`not settled: ${requestIds}; the last points were ${this.passed.slice(-5)}; ${seen}`);
  }

  /** A bot that dies does not answer. */
  #look(jobIds: readonly string[]): Promise<FromBot & { kind: 'seen' }> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve({ kind: 'seen', unfinished: ['?'], jobs: [] }), 500);
      this.#seen = (seen) => {
        clearTimeout(timer);
        resolve(seen);
      };
      this.#send({ kind: 'look', jobIds });
    });
  }

  #send(message: ToBot): void {
    if (this.#bot?.connected) this.#bot.send(message, () => undefined);
  }

  async #receive(message: FromBot): Promise<void> {
    switch (message.kind) {
      case 'ready':
        return;
      case 'passed':
        this.passed.push(message.point);
        return;
      case 'rendered':
        this.#rendered.add(message.jobId);
        return;
      case 'begun':
        if (this.#rendered.has(message.jobId)) this.drawnAgain.push(message.jobId);
        return;
      case 'answered':
        this.#unanswered.delete(message.requestId);
        this.answers.set(message.requestId, message.result);
        return;
      case 'seen':
        this.#seen(message);
        return;
      case 'call': {
        const result = this.#do(message.call);
        await this.onCall(message.call);
        this.#send({ kind: 'called', id: message.id, result });
        return;
      }
    }
  }

  #do(call: PlatformCall): string {
    switch (call.what) {
      case 'post': {
        const known = this.messages.find(({ nonce }) => nonce === call.nonce);
        if (known !== undefined) return known.id;
        const message = { id: `m${this.messages.length}`, nonce: call.nonce, reply: call.reply, deleted: false };
        this.messages.push(message);
        return message.id;
      }
      case 'edit':
      case 'delete': {
        const message = this.messages.find(({ id }) => id === call.message.messageId);
        if (message === undefined) throw new Error(`there is no message ${call.message.messageId}`);
        if (call.what === 'delete') message.deleted = true;
        else message.reply = call.reply;
        return message.id;
      }
    }
  }
}
