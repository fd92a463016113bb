import type { MessageRef } from '../../core/channel.ts';
import type { Reply } from '../../core/reply.ts';
import { code, text } from '../../core/reply.ts';
import type { Exchange } from './exchange.ts';
import { renderReply } from './render.ts';

/** The last word comes this long before the token dies. */
const LAST_WORD_BEFORE_MS = 60_000;
const REMEMBERED = 2000;

/**
 * Messages in places where the bot itself may not write: they can be changed only by an interaction's token, for as long
 * as it lives. Before it dies the message says where its result will be found.
 */
export interface LentMessages {
  note(message: MessageRef, exchange: Exchange): void;
  /** Undefined when the message is not among them; `closed` when its token has died. */
  find(messageId: string): Exchange | 'closed' | undefined;
  /** What the message says now. */
  remember(messageId: string, reply: Reply): void;
  close(): void;
}

interface Lent {
  readonly exchange: Exchange;
  readonly timer: NodeJS.Timeout;
  reply?: Reply;
  isClosed: boolean;
}

/** @param options.tokenLifetimeMs how long Discord keeps a token @param options.showCommand how a person asks for results */
export function createLentMessages(options: {
  readonly tokenLifetimeMs: number;
  readonly showCommand: string | undefined;
}): LentMessages {
  const lent = new Map<string, Lent>();

  async function sayLastWord(messageId: string, entry: Lent): Promise<void> {
    entry.isClosed = true;
    const { reply, exchange } = entry;
    if (reply === undefined || !isUnderWay(reply)) return;
    const lastWord = renderReply({ ...reply, lines: [...reply.lines, lastLine(options.showCommand)] });
    // Whoever deleted the message needs no last word.
    await exchange.edit(messageId, lastWord).catch(() => undefined);
  }

  return {
    note: ({ messageId }, exchange) => {
      const earlier = lent.get(messageId);
      clearTimeout(earlier?.timer);
      const lastWordAfterMs = Math.max(0, options.tokenLifetimeMs - LAST_WORD_BEFORE_MS);
      const timer = setTimeout(() => {
        const entry = lent.get(messageId);
        if (entry !== undefined) void sayLastWord(messageId, entry);
      }, lastWordAfterMs).unref();
      lent.delete(messageId);
      lent.set(messageId, { exchange, timer, isClosed: false, ...(earlier?.reply && { reply: earlier.reply }) });
      for (const [oldest, entry] of lent) {
        if (lent.size <= REMEMBERED) break;
        clearTimeout(entry.timer);
        lent.delete(oldest);
      }
    },
    find: (messageId) => {
      const entry = lent.get(messageId);
      if (entry === undefined) return undefined;
      return entry.isClosed || !entry.exchange.isOpen ? 'closed' : entry.exchange;
    },
    remember: (messageId, reply) => {
      const entry = lent.get(messageId);
      if (entry !== undefined) entry.reply = { ...reply, pictures: [] };
    },
    close: () => {
      for (const { timer } of lent.values()) clearTimeout(timer);
      lent.clear();
    },
  };
}

function isUnderWay({ state }: Reply): boolean {
  return state === 'waiting' || state === 'running';
}

function lastLine(showCommand: string | undefined): Reply['lines'][number] {
  const reason = text('Discord lets Easel change this message for only 15 minutes. The work goes on');
  if (showCommand === undefined) return [reason, text('.')];
  return [reason, text('; '), code(`/${showCommand}`), text(' shows the result when it is done.')];
}
