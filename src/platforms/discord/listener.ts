import {
  type APIApplicationCommandAutocompleteInteraction,
  type APIInteraction,
  InteractionResponseType,
  InteractionType,
  type REST,
  Routes,
} from 'discord.js';
import type { Logger } from 'pino';
import { needsWriteAccess, opensForm } from '../../core/button.ts';
import { BadInputError } from '../../core/errors.ts';
import { errorReply } from '../../core/reply.ts';
import type { Request } from '../../core/request.ts';
import type { ChannelHandlers } from '../port.ts';
import { createAckScheduler } from './ack-scheduler.ts';
import { isAnsweredElsewhere, toRequestError } from './errors.ts';
import { type RequestContext, toRequest, toTyping } from './inbound.ts';
import { createInteraction, type Interaction } from './interaction.ts';
import { type AnswerableInteraction, answerableOf, isMember } from './interaction-info.ts';
import type { InteractionTokens } from './interaction-tokens.ts';
import type { Interactions } from './interactions.ts';
import { renderModal } from './modal.ts';
import { explainMissing, missingPermissions } from './permissions.ts';
import { renderReply } from './render.ts';
import type { SecondInstance } from './second-instance.ts';
import { toChoices } from './suggestions.ts';

/** An answer is mostly there sooner, and then is the acknowledgement itself; Discord waits for 3 seconds. */
const ANSWER_WITHIN_MS = 300;
const COMPLETE_WITHIN_MS = 2500;

export interface ListenerOptions {
  readonly handlers: ChannelHandlers;
  readonly interactions: Interactions;
  readonly interactionTokens: Pick<InteractionTokens, 'renew'>;
  readonly requestContext: RequestContext;
  /** For what is said by an interaction's token; must not try again by itself. */
  readonly rest: REST;
  readonly log: Logger;
  readonly second: SecondInstance;
}

/** Takes what people do in Discord, each thing once, and sees that it is acknowledged and answered. Never rejects. */
export function createListener(options: ListenerOptions): (interaction: APIInteraction) => Promise<void> {
  const { handlers, interactions, interactionTokens, requestContext, rest, log, second } = options;
  const acks = createAckScheduler();

  async function converse(interaction: Interaction, payload: AnswerableInteraction, request: Request): Promise<void> {
    interactions.keep(interaction);
    await renew(interaction);
    if (second.isSuspected && !mayOpenForm(payload)) await interaction.acknowledge();
    if (interaction.isAnsweredElsewhere) return leave(request);
    const acknowledging = setTimeout(() => acknowledge(interaction), ANSWER_WITHIN_MS);
    // On a message, an acknowledgement shows nothing to anybody; a command would show that Easel is thinking.
    if ((isOnMessage(payload) && !mayOpenForm(payload)) || acks.isCrowded) acknowledge(interaction);
    await acks.wait();
    const result = await handlers.dispatch(request);
    switch (result.kind) {
      case 'private':
        clearTimeout(acknowledging);
        await interaction.replyPrivately(renderReply(result.reply));
        return interactions.forget(interaction);
      case 'form':
        clearTimeout(acknowledging);
        if (!(await interaction.openForm(renderModal(result.form))))
          await interaction.replyPrivately(renderReply(TOO_LATE_FOR_A_FORM));
        return interactions.forget(interaction);
      case 'posted':
        // The answer to a command is its message, which `Messages` gives; until then it shows that it is thinking.
        if (interaction.isSeparateMessage) await interaction.acknowledge();
        await interaction.firstResponse;
        if (!interaction.isAnsweredElsewhere) return;
        await handlers.withdraw?.(request);
        return leave(request);
      default:
        return result satisfies never;
    }
  }

  /** A disk that cannot note it costs no press. */
  async function renew(interaction: Interaction): Promise<void> {
    if (interaction.isMember || interaction.originalId === undefined) return;
    await interactionTokens
      .renew(interaction.originalId, interaction)
      .catch((error: unknown) => log.warn({ err: error }, 'an interaction token could not be saved to disk'));
  }

  function leave({ id }: Request): void {
    log.debug({ interaction: id }, 'another process answered this request; Easel leaves it to that process');
  }

  function acknowledge(interaction: Interaction): void {
    const acknowledged = interaction.acknowledge();
    acks.prioritize(acknowledged);
    acknowledged.catch((error: unknown) =>
      log.warn({ err: toRequestError(error) }, 'Discord rejected an acknowledgement'),
    );
  }

  async function ask(payload: AnswerableInteraction): Promise<void> {
    const interaction = createInteraction({
      ...{ payload, isMember: isMember(payload, requestContext), rest },
      onRefused: (requestError) => log.warn({ err: requestError }, 'Discord did not accept an acknowledgement'),
    });
    void interaction.firstResponse.then(() => {
      if (interaction.isAnsweredElsewhere) second.noteLostRace();
    });
    const missing = interaction.isMember && !isHarmless(payload) ? missingPermissions(payload) : [];
    if (missing.length > 0) return interaction.replyPrivately(renderReply(explainMissing(missing)));
    const request = readRequest(payload);
    if (request instanceof BadInputError)
      return interaction.replyPrivately(renderReply(errorReply(request.userMessage)));
    await converse(interaction, payload, request);
  }

  function readRequest(payload: AnswerableInteraction): Request | BadInputError {
    try {
      return toRequest(payload, requestContext);
    } catch (error) {
      if (error instanceof BadInputError) return error;
      throw error;
    }
  }

  async function suggest(interaction: APIApplicationCommandAutocompleteInteraction): Promise<void> {
    const typing = toTyping(interaction);
    if (typing === undefined) return;
    const choices = toChoices(await handlers.complete(typing), interaction);
    await rest.post(Routes.interactionCallback(interaction.id, interaction.token), {
      auth: false,
      body: { type: InteractionResponseType.ApplicationCommandAutocompleteResult, data: { choices } },
      signal: AbortSignal.timeout(COMPLETE_WITHIN_MS),
    });
  }

  return async (interaction) => {
    if (!interactions.isNew(interaction.id)) return;
    try {
      if (interaction.type === InteractionType.ApplicationCommandAutocomplete) return await suggest(interaction);
      const payload = answerableOf(interaction);
      if (payload !== undefined) await ask(payload);
    } catch (error) {
      const requestError = toRequestError(error);
      if (isAnsweredElsewhere(requestError)) second.noteLostRace();
      // Whoever types on does not miss suggestions that came too late.
      const level = interaction.type === InteractionType.ApplicationCommandAutocomplete ? 'debug' : 'warn';
      log[level]({ interaction: interaction.id, err: requestError }, 'Discord rejected an answer');
    }
  };
}

function isOnMessage(payload: AnswerableInteraction): boolean {
  return 'message' in payload && payload.message !== undefined;
}

/** A form can only be the first word. */
function mayOpenForm(payload: AnswerableInteraction): boolean {
  if (payload.type !== InteractionType.MessageComponent) return false;
  return opensForm(payload.data.custom_id);
}

/** What needs no right to write in the channel. */
function isHarmless(payload: AnswerableInteraction): boolean {
  if (payload.type !== InteractionType.MessageComponent) return false;
  return !needsWriteAccess(payload.data.custom_id);
}

const TOO_LATE_FOR_A_FORM = errorReply('Easel opened the form too late for Discord; please try again.');
