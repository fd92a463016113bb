import { type APIMessage, type APIUser, MessageFlags, MessageReferenceType, type REST, Routes } from 'discord.js';
import { LRUCache } from 'lru-cache';
import { decodeButtonId } from '../../core/button.ts';
import type { ChannelRef, MessageRef } from '../../core/channel.ts';
import { jobIdOf } from '../../core/job-id.ts';
import type { Reply } from '../../core/reply.ts';
import { isForbidden, isGone, toRequestError } from './errors.ts';
import { buttonIdsOn } from './inbound.ts';
import { type Interaction, refuseAnsweredElsewhere } from './interaction.ts';
import { targetOf } from './interaction-info.ts';
import { explainMissing, missingPermissions, NEEDED } from './permissions.ts';
import { type Outgoing, renderReply } from './render.ts';

/** Waiting for a rate limit counts; whoever called tries again after that. */
const CALL_LIMIT_MS = 3 * 60_000;
/** Messages that are looked through for one that an earlier process has posted: the most that Discord gives at once. */
const LOOK_BACK = 100;
const REMEMBERED_NONCES = 5000;

/** Messages where the bot may write in its own right; the first may be the answer to an interaction. */
export interface BotMessages {
  post(channel: ChannelRef, reply: Reply, nonce: string, interaction: Interaction | undefined): Promise<MessageRef>;
  edit(message: MessageRef, reply: Reply): Promise<void>;
  delete(message: MessageRef): Promise<void>;
}

export function createBotMessages(rest: REST): BotMessages {
  /** Nonces whose message may stand already, though its post was never answered. */
  const attempted = new LRUCache<string, true>({ max: REMEMBERED_NONCES });
  let botUser: Promise<string> | undefined;

  function botUserId(): Promise<string> {
    botUser ??= rest.get(Routes.user(), { signal: atMost() }).then((user) => (user as APIUser).id);
    botUser.catch(() => {
      botUser = undefined;
    });
    return botUser;
  }

  /** The message of this nonce, if an earlier attempt, or an earlier process, has posted it. */
  async function findPosted(target: string, nonce: string): Promise<APIMessage | undefined> {
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
      if (isGone(toRequestError(error))) return undefined;
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

  async function postOrAnswer(channel: ChannelRef, reply: Reply, nonce: string, interaction: Interaction | undefined) {
    const message = renderReply(reply);
    if (interaction?.isSeparateMessage === true) await interaction.acknowledge();
    refuseAnsweredElsewhere(interaction);
    const mayStand = interaction === undefined || attempted.has(nonce);
    attempted.set(nonce, true);
    const existing = mayStand ? await findPosted(targetOf(channel), nonce) : undefined;
    if (existing !== undefined) return existing;
    const answered = await interaction?.answer(message);
    if (answered !== undefined) return answered;
    refuseAnsweredElsewhere(interaction);
    if (interaction !== undefined && !interaction.isSeparateMessage && !mayStand) {
      // Nobody knows whether Discord has taken the answer.
      const taken = await findPosted(targetOf(channel), nonce);
      if (taken !== undefined) return taken;
    }
    const posted = await postAsBot(channel, message, parentOf(reply, interaction), nonce);
    await interaction?.discardPlaceholder().catch(() => undefined);
    return posted;
  }

  /** What was granted when the person asked can have been taken away since. */
  async function tellForbidden(interaction: Interaction | undefined, error: unknown): Promise<void> {
    if (interaction === undefined || !isForbidden(toRequestError(error))) return;
    const missing = missingPermissions(interaction.payload);
    const named = missing.length > 0 ? missing : NEEDED.map(({ name }) => name);
    await interaction.replyPrivately(renderReply(explainMissing(named))).catch(() => undefined);
  }

  return {
    post: async (channel, reply, nonce, interaction) => {
      try {
        const { id } = await postOrAnswer(channel, reply, nonce, interaction);
        attempted.delete(nonce);
        return { channel, messageId: id };
      } catch (error) {
        await tellForbidden(interaction, error);
        throw error;
      }
    },
    edit: async ({ channel, messageId }, reply) => {
      const { body, files } = renderReply(reply);
      await rest.patch(Routes.channelMessage(targetOf(channel), messageId), { body, files, signal: atMost() });
    },
    delete: async ({ channel, messageId }) => {
      await remove(targetOf(channel), messageId);
    },
  };
}

/** A message that only one person sees cannot be answered for all to see. */
function parentOf({ parent }: Reply, interaction: Interaction | undefined): MessageRef | undefined {
  const pressed =
    interaction !== undefined && 'message' in interaction.payload ? interaction.payload.message : undefined;
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

function atMost(): AbortSignal {
  return AbortSignal.timeout(CALL_LIMIT_MS);
}
