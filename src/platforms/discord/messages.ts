import { type APIMessage, type APIUser, MessageFlags, MessageReferenceType, type REST, Routes } from 'discord.js';
import { decodeButtonId } from '../../core/button.ts';
import type { ChannelRef, MessageRef } from '../../core/channel.ts';
import { jobIdOf } from '../../core/job-id.ts';
import type { Reply } from '../../core/reply.ts';
import { AttachmentTooLargeError, MessageGoneError } from '../port.ts';
import type { Exchange } from './exchange.ts';
import type { Exchanges } from './exchanges.ts';
import { isForbidden, isGone, isTokenTrouble, isTooLarge, toTrouble } from './failures.ts';
import { buttonIdsOn, targetOf } from './inbound.ts';
import type { LentMessages } from './lent-messages.ts';
import { explainMissing, missingPermissions, NEEDED } from './permissions.ts';
import { byteLengthOf, type Outgoing, renderReply } from './render.ts';

/** Waiting for a rate limit counts; whoever called tries again after that. */
const CALL_LIMIT_MS = 3 * 60_000;
/** Messages that are looked through for one that an earlier process has posted: the most that Discord gives at once. */
const LOOK_BACK = 100;
const REMEMBERED_NONCES = 5000;

/** Easel's messages on Discord: by the bot's own right, or by an interaction's token where it has none. */
export interface Messages {
  post(channel: ChannelRef, reply: Reply, nonce: string): Promise<MessageRef>;
  edit(message: MessageRef, reply: Reply): Promise<void>;
  delete(message: MessageRef): Promise<void>;
}

export interface MessagesOptions {
  readonly rest: REST;
  /** By the nonce of the message that is an exchange's answer. */
  readonly exchanges: Pick<Exchanges, 'find' | 'forget'>;
  readonly lent: LentMessages;
}

export function createMessages({ rest, exchanges, lent }: MessagesOptions): Messages {
  /** Nonces whose message may stand already, though its post was never answered. */
  const attempted = new Set<string>();
  let botUser: Promise<string> | undefined;

  function botUserId(): Promise<string> {
    botUser ??= rest.get(Routes.user(), { signal: atMost() }).then((user) => (user as APIUser).id);
    botUser.catch(() => {
      botUser = undefined;
    });
    return botUser;
  }

  /** The message of this nonce, if an earlier attempt, or an earlier process, has posted it. */
  async function findStanding(target: string, nonce: string): Promise<APIMessage | undefined> {
    const query = new URLSearchParams({ limit: `${LOOK_BACK}` });
    try {
      const [bot, recent] = await Promise.all([
        botUserId(),
        rest.get(Routes.channelMessages(target), { query, signal: atMost() }) as Promise<APIMessage[]>,
      ]);
      const ours = recent.filter((message) => message.author.id === bot && isOf(message, nonce));
      const emptied = ours.filter(isEmptyPlace).map(({ id }) => remove(target, id));
      await Promise.allSettled(emptied);
      return ours.find((message) => !isEmptyPlace(message));
    } catch (error) {
      // Without the right to read what was said, Discord's own memory of nonces, of minutes, has to do.
      if (isGone(toTrouble(error))) return undefined;
      throw error;
    }
  }

  function remove(target: string, messageId: string): Promise<unknown> {
    return rest.delete(Routes.channelMessage(target, messageId), { signal: atMost() });
  }

  async function postAsBot(channel: ChannelRef, message: Outgoing, parent: MessageRef | undefined, nonce: string) {
    const target = targetOf(channel);
    return (await rest.post(Routes.channelMessages(target), {
      body: { ...message.body, ...referenceTo(parent, target), nonce, enforce_nonce: true },
      files: message.files,
      signal: atMost(),
    })) as APIMessage;
  }

  /** Where only a token may write. */
  async function postAsGuest(exchange: Exchange, message: Outgoing): Promise<APIMessage> {
    const shown = (await exchange.answer(message)) ?? (await followUpAcknowledged(exchange, message));
    if (shown === undefined) throw new MessageGoneError('the token that could write there has expired');
    return shown;
  }

  async function postAsMember(channel: ChannelRef, reply: Reply, nonce: string, exchange: Exchange | undefined) {
    const message = renderReply(reply);
    if (exchange?.isBeside === true) await exchange.acknowledge();
    refuseAnsweredElsewhere(exchange);
    const mayStand = exchange === undefined || attempted.has(nonce);
    note(attempted, nonce);
    const standing = mayStand ? await findStanding(targetOf(channel), nonce) : undefined;
    if (standing !== undefined) return standing;
    const answered = await exchange?.answer(message);
    if (answered !== undefined) return answered;
    refuseAnsweredElsewhere(exchange);
    if (exchange !== undefined && !exchange.isBeside && !mayStand) {
      // Nobody knows whether Discord has taken the answer.
      const taken = await findStanding(targetOf(channel), nonce);
      if (taken !== undefined) return taken;
    }
    const posted = await postAsBot(channel, message, parentOf(reply, exchange), nonce);
    await exchange?.giveUp().catch(() => undefined);
    return posted;
  }

  /** What was granted when the person asked can have been taken away since. */
  async function tellForbidden(exchange: Exchange | undefined, error: unknown): Promise<void> {
    if (exchange === undefined || !isForbidden(toTrouble(error))) return;
    const missing = missingPermissions(exchange.interaction);
    const named = missing.length > 0 ? missing : NEEDED.map(({ name }) => name);
    await exchange.tell(renderReply(explainMissing(named))).catch(() => undefined);
  }

  async function editLent(exchange: Exchange | 'closed', message: MessageRef, reply: Reply): Promise<void> {
    if (exchange === 'closed') throw new MessageGoneError('the token that could write there has expired');
    await exchange.edit(message.messageId, renderReply(reply));
    lent.remember(message.messageId, reply);
  }

  return {
    post: (channel, reply, nonce) =>
      inPortTerms(byteLengthOf(reply), async () => {
        const exchange = exchanges.find(nonce);
        if (exchange !== undefined && !exchange.isMember) {
          const ref = { channel, messageId: (await postAsGuest(exchange, renderReply(reply))).id };
          lent.note(ref, exchange);
          lent.remember(ref.messageId, reply);
          return ref;
        }
        try {
          const { id } = await postAsMember(channel, reply, nonce, exchange);
          attempted.delete(nonce);
          if (exchange !== undefined) exchanges.forget(exchange);
          return { channel, messageId: id };
        } catch (error) {
          await tellForbidden(exchange, error);
          throw error;
        }
      }),
    edit: (message, reply) =>
      inPortTerms(byteLengthOf(reply), async () => {
        const lender = lent.find(message.messageId);
        if (lender !== undefined) return editLent(lender, message, reply);
        const { body, files } = renderReply(reply);
        const route = Routes.channelMessage(targetOf(message.channel), message.messageId);
        await rest.patch(route, { body, files, signal: atMost() });
      }),
    delete: async (message) => {
      try {
        await inPortTerms(0, async () => {
          const lender = lent.find(message.messageId);
          if (lender !== undefined && lender !== 'closed') return lender.delete(message.messageId);
          await remove(targetOf(message.channel), message.messageId);
        });
      } catch (error) {
        if (!(error instanceof MessageGoneError)) throw error;
      }
    },
  };
}

async function followUpAcknowledged(exchange: Exchange, message: Outgoing): Promise<APIMessage | undefined> {
  await exchange.acknowledge();
  return exchange.followUp(message);
}

/** What another process has answered, it also shows. @throws MessageGoneError */
function refuseAnsweredElsewhere(exchange: Exchange | undefined): void {
  if (exchange?.isAnsweredElsewhere === true) throw new MessageGoneError('another process has answered');
}

/** A message that only one person sees cannot be answered for all to see. */
function parentOf({ parent }: Reply, exchange: Exchange | undefined): MessageRef | undefined {
  const pressed =
    exchange !== undefined && 'message' in exchange.interaction ? exchange.interaction.message : undefined;
  const isPrivate = ((pressed?.flags ?? 0) & MessageFlags.Ephemeral) !== 0;
  return isPrivate && pressed?.id === parent?.messageId ? undefined : parent;
}

function referenceTo(parent: MessageRef | undefined, target: string) {
  if (parent === undefined || parent.channel.platform !== 'discord' || targetOf(parent.channel) !== target) return {};
  const reference = { type: MessageReferenceType.Default, message_id: parent.messageId, fail_if_not_exists: false };
  return { message_reference: reference };
}

/** Answers to an interaction name it; all of a job's messages carry its id in their buttons. */
function isOf(message: APIMessage, nonce: string): boolean {
  const interactionId = message.interaction_metadata?.id;
  if (interactionId !== undefined && jobIdOf('discord', interactionId) === nonce) return true;
  return buttonIdsOn(message).some((id) => decodeButtonId(id)?.jobId === nonce);
}

/** "Easel is thinking…", left by a process that died: whoever kept that place is gone. */
function isEmptyPlace({ flags }: APIMessage): boolean {
  return ((flags ?? 0) & MessageFlags.Loading) !== 0;
}

/** Trouble with Discord in the words of `ChannelPort`. */
async function inPortTerms<Result>(byteLength: number, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof MessageGoneError) throw error;
    const trouble = toTrouble(error);
    if (isTooLarge(trouble)) throw new AttachmentTooLargeError(byteLength, { cause: trouble });
    if (isGone(trouble) || isTokenTrouble(trouble)) throw new MessageGoneError(trouble.message, { cause: trouble });
    throw trouble;
  }
}

function note(nonces: Set<string>, nonce: string): void {
  nonces.add(nonce);
  const [oldest] = nonces;
  if (nonces.size > REMEMBERED_NONCES && oldest !== undefined) nonces.delete(oldest);
}

function atMost(): AbortSignal {
  return AbortSignal.timeout(CALL_LIMIT_MS);
}
