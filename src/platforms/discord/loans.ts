import type { REST } from 'discord.js';
import type { MessageRef } from '../../core/channel.ts';
import type { Reply } from '../../core/reply.ts';
import type { ValueStore } from '../../store/port.ts';
import { MAX_ATTACHMENT_BYTES } from './attachment-limits.ts';
import type { Exchange } from './exchange.ts';
import { isEnd, type Lender, type Loan, lastLine, loanOf } from './loan.ts';
import { renderReply } from './render.ts';
import { createWebhook, type Webhook } from './webhook.ts';

/** The last word comes this long before the token dies. */
const LAST_WORD_BEFORE_MS = 60_000;
const REMEMBERED = 2000;
/** A loan on disk is of use until its work is done. */
const FORGOTTEN_AFTER_MS = 7 * 24 * 60 * 60_000;

export interface Loans {
  /** Before the first word: a message of this nonce will stand. On disk when it resolves. */
  expect(nonce: string, exchange: Exchange): Promise<void>;
  /** What an earlier process expected; whether it stands is unknown. */
  findExpected(nonce: string): Promise<Lender | undefined>;
  /** The message stands. On disk when it resolves. */
  note(messageId: string, exchange: Exchange, nonce: string): Promise<void>;
  /** What an earlier process expected stands. On disk when it resolves. */
  noteExpected(messageId: string, lender: Lender): Promise<void>;
  /** Whoever presses a button on a message lends it anew. */
  renew(messageId: string, exchange: Exchange): Promise<void>;
  /** Undefined for a message of the bot's own right. */
  find(messageId: string): Promise<Lender | undefined>;
  /** What the message says now. */
  remember(messageId: string, reply: Reply): Promise<void>;
  /** What is said of the message from now on is said there. On disk when it resolves. */
  move(messageId: string, loan: Loan, to: MessageRef): Promise<void>;
  /** @param key a nonce or a message's id */
  forget(key: string): Promise<void>;
  /** Bytes of one attachment of what is said of the message with this nonce; undefined when it is none of a guest's. */
  maxAttachmentBytes(nonce: string): number | undefined;
  /** Forgets what nobody came back for. */
  prune(): Promise<void>;
  close(): void;
}

export interface LoansOptions {
  readonly rest: REST;
  readonly values: ValueStore<Loan>;
  /** How long Discord keeps a token. */
  readonly tokenLifetimeMs: number;
  /** The command by which a person asks for results. */
  readonly showCommand: string | undefined;
}

interface Entry {
  loan: Loan;
  readonly webhook: Webhook;
  readonly timer: NodeJS.Timeout | undefined;
  reply: Reply | undefined;
  hasSaidLastWord: boolean;
}

export function createLoans({ rest, values, tokenLifetimeMs, showCommand }: LoansOptions): Loans {
  const entries = new Map<string, Entry>();
  /** Messages that no loan is kept for. */
  const own = new Set<string>();

  function open(messageId: string, loan: Loan, webhook: Webhook): Entry {
    const earlier = entries.get(messageId);
    clearTimeout(earlier?.timer);
    own.delete(messageId);
    const leftMs = loan.until - LAST_WORD_BEFORE_MS - Date.now();
    // An earlier process has said it, or was not there to say it in time.
    const hasSaidLastWord = leftMs <= 0;
    const timer = hasSaidLastWord ? undefined : setTimeout(() => void sayLastWord(messageId), leftMs).unref();
    const entry: Entry = { loan, webhook, timer, reply: earlier?.reply, hasSaidLastWord };
    entries.delete(messageId);
    entries.set(messageId, entry);
    for (const [oldest, { timer: old }] of entries) {
      if (entries.size <= REMEMBERED) break;
      clearTimeout(old);
      entries.delete(oldest);
    }
    return entry;
  }

  async function sayLastWord(messageId: string): Promise<void> {
    const entry = entries.get(messageId);
    if (entry === undefined) return;
    entry.hasSaidLastWord = true;
    const { reply, webhook, loan } = entry;
    if (reply === undefined || isEnd(reply) || loan.movedTo !== undefined) {
      // What is still to be said of it is said by what stands on disk.
      entries.delete(messageId);
      return;
    }
    const lastWord = renderReply({ ...reply, lines: [...reply.lines, lastLine(showCommand)] });
    // Whoever deleted the message needs no last word.
    await webhook.edit(loan.isOriginal ? undefined : messageId, lastWord).catch(() => undefined);
  }

  const lenderOf = ({ loan, webhook, hasSaidLastWord }: Entry): Lender => ({
    ...{ loan, webhook },
    isClosed: hasSaidLastWord || !webhook.isOpen || loan.until <= Date.now(),
  });

  async function note(messageId: string, loan: Loan, webhook: Webhook): Promise<void> {
    open(messageId, loan, webhook);
    await values.set(messageId, loan);
    await values.delete(loan.nonce);
  }

  return {
    expect: (nonce, exchange) => values.set(nonce, loanOf(nonce, exchange, undefined, tokenLifetimeMs)),
    findExpected: async (nonce) => {
      const loan = await values.get(nonce);
      if (loan === undefined) return undefined;
      return { loan, webhook: createWebhook(rest, loan), isClosed: loan.until <= Date.now() };
    },
    note: (messageId, exchange, nonce) =>
      note(messageId, loanOf(nonce, exchange, messageId, tokenLifetimeMs), exchange.webhook),
    noteExpected: (messageId, { loan, webhook }) => note(messageId, loan, webhook),
    renew: async (messageId, exchange) => {
      const kept = await values.get(messageId);
      const standing = entries.get(messageId)?.loan ?? kept;
      const { nonce = '', personId, movedTo } = standing ?? {};
      const renewed: Loan = {
        ...loanOf(nonce, exchange, messageId, tokenLifetimeMs),
        // The result stays that of the person who asked for it.
        ...(personId !== undefined && { personId }),
        ...(movedTo !== undefined && { movedTo }),
      };
      open(messageId, renewed, exchange.webhook);
      if (kept !== undefined) await values.set(messageId, renewed);
    },
    find: async (messageId) => {
      const known = entries.get(messageId);
      if (known !== undefined) return lenderOf(known);
      if (own.has(messageId)) return undefined;
      const loan = await values.get(messageId);
      if (loan !== undefined)
        return lenderOf(entries.get(messageId) ?? open(messageId, loan, createWebhook(rest, loan)));
      own.add(messageId);
      const [oldest] = own;
      if (own.size > REMEMBERED && oldest !== undefined) own.delete(oldest);
      return undefined;
    },
    remember: async (messageId, reply) => {
      const entry = entries.get(messageId);
      if (entry !== undefined) entry.reply = { ...reply, pictures: [] };
      // What has moved is still to be found by whoever wants it deleted.
      if (isEnd(reply) && entry?.loan.movedTo === undefined) await values.delete(messageId);
    },
    move: async (messageId, loan, to) => {
      const moved = { ...loan, movedTo: to };
      const entry = entries.get(messageId);
      if (entry !== undefined) entry.loan = moved;
      await values.set(messageId, moved);
    },
    forget: (key) => values.delete(key),
    maxAttachmentBytes: (nonce) => {
      const entry = Array.from(entries.values()).find(({ loan }) => loan.nonce === nonce);
      if (entry === undefined) return undefined;
      return lenderOf(entry).isClosed ? MAX_ATTACHMENT_BYTES : entry.loan.maxAttachmentBytes;
    },
    prune: () => values.prune(({ until }) => until < Date.now() - FORGOTTEN_AFTER_MS),
    close: () => {
      for (const { timer } of entries.values()) clearTimeout(timer);
      entries.clear();
    },
  };
}
