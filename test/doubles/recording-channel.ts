import type { ChannelRef, MessageRef } from '../../src/core/channel.ts';
import type { Reply, ReplyState, Span } from '../../src/core/reply.ts';
import { type ChannelPort, type Dispatch, MessageGoneError } from '../../src/platforms/port.ts';
import { CHANNEL } from './samples.ts';

interface Message {
  readonly id: string;
  reply: Reply;
  deleted: boolean;
  /** Every face it has shown. */
  readonly history: Reply[];
}

export interface RecordingChannel extends ChannelPort {
  readonly dispatch: Dispatch;
  /** What a person sees in the channel now. */
  readonly messages: readonly Reply[];
  /** Every face of one message so far, oldest first. */
  history(index: number): readonly Reply[];
  ref(index: number): MessageRef;
  /** What the next calls do instead of working, in order; `after` does the work first and fails then. */
  failNext(...failures: { readonly error: unknown; readonly after?: boolean }[]): void;
  /** Everything fails from here on, until it is up again. */
  goDown(): void;
  comeUp(): void;
  /** Calls do not settle from here on, until it is up again; then they are done. */
  hang(): void;
  /** Calls of post, edit and delete so far, and the most that were under way at once. */
  readonly calls: number;
  readonly mostAtOnce: number;
  /** A moderator removes the message. */
  remove(index: number): void;
}

/** A channel in memory that keeps messages as people would see them, and that can fail as networks do. */
export function createRecordingChannel({
  minEditIntervalMs = 0,
  previews = true,
  maxAttachmentBytes = 1e6,
  maxCalls = 16,
} = {}): RecordingChannel {
  const messages: Message[] = [];
  const byNonce = new Map<string, Message>();
  const failures: { readonly error: unknown; readonly after?: boolean }[] = [];
  let dispatch: Dispatch | undefined;
  let isDown = false;
  let hanging: { readonly over: Promise<void>; readonly end: () => void } | undefined;
  let calls = 0;
  let atOnce = 0;
  let mostAtOnce = 0;

  async function withTrouble<Result>(work: () => Result): Promise<Result> {
    calls += 1;
    atOnce += 1;
    mostAtOnce = Math.max(mostAtOnce, atOnce);
    try {
      return await troubled(work);
    } finally {
      atOnce -= 1;
    }
  }

  async function troubled<Result>(work: () => Result): Promise<Result> {
    await new Promise((resolve) => setImmediate(resolve));
    await hanging?.over;
    if (isDown) throw new Error('the platform is down');
    const failure = failures.shift();
    if (failure !== undefined && failure.after !== true) throw failure.error;
    const result = work();
    if (failure !== undefined) throw failure.error;
    return result;
  }

  function at(index: number): Message {
    const message = messages[index];
    if (message === undefined) throw new RangeError(`there is no message ${index}`);
    return message;
  }

  function post(reply: Reply, nonce: string): Message {
    const known = byNonce.get(nonce);
    if (known !== undefined) return known;
    const message = { id: `m${messages.length}`, reply, deleted: false, history: [reply] };
    messages.push(message);
    byNonce.set(nonce, message);
    return message;
  }

  function edit(messageId: string, reply: Reply): void {
    const message = messages.find((known) => known.id === messageId);
    if (message === undefined || message.deleted) throw new MessageGoneError(`no message ${messageId}`);
    message.reply = reply;
    message.history.push(reply);
  }

  const port: ChannelPort = {
    platform: 'web',
    capabilities: { minEditIntervalMs, maxAttachmentBytes, previews, maxCalls },
    start: async (handlers) => {
      dispatch = handlers.dispatch;
    },
    stop: async () => {},
    post: (channel: ChannelRef, reply, nonce) => withTrouble(() => ({ channel, messageId: post(reply, nonce).id })),
    edit: (message, reply) => withTrouble(() => edit(message.messageId, reply)),
    delete: (message) =>
      withTrouble(() => {
        const known = messages.find(({ id }) => id === message.messageId);
        if (known !== undefined) known.deleted = true;
      }),
  };

  return {
    ...port,
    get dispatch(): Dispatch {
      if (dispatch === undefined) throw new Error('the channel has not been started');
      return dispatch;
    },
    get messages() {
      return messages.filter((message) => !message.deleted).map((message) => message.reply);
    },
    history: (index) => at(index).history,
    ref: (index) => ({ channel: CHANNEL, messageId: at(index).id }),
    failNext: (...next) => failures.push(...next),
    goDown: () => {
      isDown = true;
    },
    comeUp: () => {
      isDown = false;
      hanging?.end();
      hanging = undefined;
    },
    hang: () => {
      let end = () => {};
      const over = new Promise<void>((resolve) => {
        end = resolve;
      });
      hanging = { over, end };
    },
    get calls() {
      return calls;
    },
    get mostAtOnce() {
      return mostAtOnce;
    },
    remove: (index) => {
      at(index).deleted = true;
    },
  };
}

/** The lines of a reply as plain text. */
export function textOf(reply: Reply | undefined): string {
  return reply?.lines.map((line) => line.map(spanText).join('')).join('\n') ?? '';
}

export function statesOf(replies: readonly Reply[]): readonly ReplyState[] {
  return replies.map((reply) => reply.state);
}

/** The labels of its buttons, a row a string. */
export function buttonsOf(reply: Reply | undefined): readonly string[] {
  return reply?.buttons.map((row) => row.map((button) => button.label).join(' ')) ?? [];
}

export function buttonId(reply: Reply | undefined, label: string): string {
  const button = reply?.buttons.flat().find((known) => known.label === label);
  if (button === undefined) throw new Error(`no button ${label} in ${buttonsOf(reply).join(' / ')}`);
  return button.id;
}

function spanText(span: Span): string {
  switch (span.kind) {
    case 'text':
      return span.text;
    case 'strong':
      return `**${span.text}**`;
    case 'code':
      return `\`${span.text}\``;
    case 'user':
      return `@${span.user.name}`;
  }
}
