import type { REST } from 'discord.js';
import { LRUCache } from 'lru-cache';
import type { MessageRef } from '../../core/channel.ts';
import type { Reply } from '../../core/reply.ts';
import type { ValueStore } from '../../store/port.ts';
import { MAX_ATTACHMENT_BYTES } from './attachment-size.ts';
import type { Interaction } from './interaction.ts';
import {
  expiryNotice,
  type InteractionToken,
  interactionTokenOf,
  isFinal,
  type TokenAccess,
} from './interaction-token.ts';
import { renderReply } from './render.ts';
import { createWebhook, type Webhook } from './webhook.ts';

/** The last word comes this long before the token dies. */
const NOTICE_BEFORE_MS = 60_000;
const REMEMBERED = 2000;
/** An interaction token on disk is of use until its work is done. */
const FORGOTTEN_AFTER_MS = 7 * 24 * 60 * 60_000;

export interface InteractionTokens {
  /** Before the first word: a message of this nonce will stand. On disk when it resolves. */
  expect(nonce: string, interaction: Interaction): Promise<void>;
  /** What an earlier process expected; whether it stands is unknown. */
  findExpected(nonce: string): Promise<TokenAccess | undefined>;
  /** The message stands. On disk when it resolves. */
  keep(messageId: string, interaction: Interaction, nonce: string): Promise<void>;
  /** What an earlier process expected stands. On disk when it resolves. */
  keepExpected(messageId: string, access: TokenAccess): Promise<void>;
  /** Whoever presses a button on a message lends it again. */
  renew(messageId: string, interaction: Interaction): Promise<void>;
  /** Undefined for a message of the bot's own right. */
  find(messageId: string): Promise<TokenAccess | undefined>;
  /** What the message says now. */
  remember(messageId: string, reply: Reply): Promise<void>;
  /** What is said of the message from now on is said there. On disk when it resolves. */
  move(messageId: string, interactionToken: InteractionToken, to: MessageRef): Promise<void>;
  /** @param key a nonce or a message's id */
  forget(key: string): Promise<void>;
  /** Bytes of one attachment of what is said of the message with this nonce; undefined when it is none of a guest's. */
  maxAttachmentBytes(nonce: string): number | undefined;
  /** Forgets what nobody came back for. */
  prune(): Promise<void>;
  close(): void;
}

export interface InteractionTokensOptions {
  readonly rest: REST;
  readonly values: ValueStore<InteractionToken>;
  /** How long Discord keeps a token. */
  readonly tokenLifetimeMs: number;
  /** The command by which a person asks for results. */
  readonly showCommand: string | undefined;
}

interface Entry {
  interactionToken: InteractionToken;
  readonly webhook: Webhook;
  readonly timer: NodeJS.Timeout | undefined;
  reply: Reply | undefined;
  isNoticeSent: boolean;
}

export function createInteractionTokens({
  rest,
  values,
  tokenLifetimeMs,
  showCommand,
}: InteractionTokensOptions): InteractionTokens {
  const entries = new LRUCache<string, Entry>({
    max: REMEMBERED,
    dispose: ({ timer }) => clearTimeout(timer),
  });
  /** Messages that no interaction token is kept for. */
  const botMessages = new LRUCache<string, true>({ max: REMEMBERED });

  function open(messageId: string, interactionToken: InteractionToken, webhook: Webhook): Entry {
    const earlier = entries.get(messageId);
    botMessages.delete(messageId);
    const leftMs = interactionToken.until - NOTICE_BEFORE_MS - Date.now();
    // An earlier process has said it, or was not there to say it in time.
    const isNoticeSent = leftMs <= 0;
    const timer = isNoticeSent ? undefined : setTimeout(() => void sendNotice(messageId), leftMs).unref();
    const entry: Entry = { interactionToken, webhook, timer, reply: earlier?.reply, isNoticeSent };
    entries.set(messageId, entry);
    return entry;
  }

  async function sendNotice(messageId: string): Promise<void> {
    const entry = entries.get(messageId);
    if (entry === undefined) return;
    entry.isNoticeSent = true;
    const { reply, webhook, interactionToken } = entry;
    if (reply === undefined || isFinal(reply) || interactionToken.movedTo !== undefined) {
      // What is still to be said of it is said by what stands on disk.
      entries.delete(messageId);
      return;
    }
    const notice = renderReply({ ...reply, lines: [...reply.lines, expiryNotice(showCommand)] });
    // Whoever deleted the message needs no last word.
    await webhook.edit(interactionToken.isOriginal ? undefined : messageId, notice).catch(() => undefined);
  }

  const accessOf = ({ interactionToken, webhook, isNoticeSent }: Entry): TokenAccess => ({
    ...{ interactionToken, webhook },
    isClosed: isNoticeSent || !webhook.isOpen || interactionToken.until <= Date.now(),
  });

  async function note(messageId: string, interactionToken: InteractionToken, webhook: Webhook): Promise<void> {
    open(messageId, interactionToken, webhook);
    await values.set(messageId, interactionToken);
    await values.delete(interactionToken.nonce);
  }

  return {
    expect: (nonce, interaction) =>
      values.set(nonce, interactionTokenOf(nonce, interaction, undefined, tokenLifetimeMs)),
    findExpected: async (nonce) => {
      const interactionToken = await values.get(nonce);
      if (interactionToken === undefined) return undefined;
      return {
        interactionToken,
        webhook: createWebhook(rest, interactionToken),
        isClosed: interactionToken.until <= Date.now(),
      };
    },
    keep: (messageId, interaction, nonce) =>
      note(messageId, interactionTokenOf(nonce, interaction, messageId, tokenLifetimeMs), interaction.webhook),
    keepExpected: (messageId, { interactionToken, webhook }) => note(messageId, interactionToken, webhook),
    renew: async (messageId, interaction) => {
      const kept = await values.get(messageId);
      const existing = entries.get(messageId)?.interactionToken ?? kept;
      const { nonce = '', personId, movedTo } = existing ?? {};
      const renewed: InteractionToken = {
        ...interactionTokenOf(nonce, interaction, messageId, tokenLifetimeMs),
        // The result stays that of the person who asked for it.
        ...(personId !== undefined && { personId }),
        ...(movedTo !== undefined && { movedTo }),
      };
      open(messageId, renewed, interaction.webhook);
      if (kept !== undefined) await values.set(messageId, renewed);
    },
    find: async (messageId) => {
      const known = entries.get(messageId);
      if (known !== undefined) return accessOf(known);
      if (botMessages.has(messageId)) return undefined;
      const interactionToken = await values.get(messageId);
      if (interactionToken !== undefined)
        return accessOf(
          entries.get(messageId) ?? open(messageId, interactionToken, createWebhook(rest, interactionToken)),
        );
      botMessages.set(messageId, true);
      return undefined;
    },
    remember: async (messageId, reply) => {
      const entry = entries.get(messageId);
      if (entry !== undefined) entry.reply = { ...reply, pictures: [] };
      // What has moved is still to be found by whoever wants it deleted.
      if (isFinal(reply) && entry?.interactionToken.movedTo === undefined) await values.delete(messageId);
    },
    move: async (messageId, interactionToken, to) => {
      const moved = { ...interactionToken, movedTo: to };
      const entry = entries.get(messageId);
      if (entry !== undefined) entry.interactionToken = moved;
      await values.set(messageId, moved);
    },
    forget: (key) => values.delete(key),
    maxAttachmentBytes: (nonce) => {
      const entry = Array.from(entries.values()).find(({ interactionToken }) => interactionToken.nonce === nonce);
      if (entry === undefined) return undefined;
      return accessOf(entry).isClosed ? MAX_ATTACHMENT_BYTES : entry.interactionToken.maxAttachmentBytes;
    },
    prune: () => values.prune(({ until }) => until < Date.now() - FORGOTTEN_AFTER_MS),
    close: () => entries.clear(),
  };
}
