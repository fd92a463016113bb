import {
  type APIApplicationCommandAutocompleteInteraction,
  type APIInteraction,
  InteractionResponseType,
  InteractionType,
  type REST,
  Routes,
} from 'discord.js';
import type { Logger } from 'pino';
import { decodeButtonId } from '../../core/button.ts';
import { decodeFormId } from '../../core/form.ts';
import { type Reply, sentence } from '../../core/reply.ts';
import type { Request } from '../../core/request.ts';
import { BadInputError } from '../../errors.ts';
import type { Inbox } from '../port.ts';
import { type Asking, askingOf, isMember } from './asking.ts';
import { createExchange, type Exchange } from './exchange.ts';
import type { Exchanges } from './exchanges.ts';
import { isAnsweredElsewhere, toTrouble } from './failures.ts';
import { type Surroundings, toRequest, toTyping } from './inbound.ts';
import type { Loans } from './loans.ts';
import { renderModal } from './modal.ts';
import { explainMissing, missingPermissions } from './permissions.ts';
import { renderReply } from './render.ts';
import type { SecondInstance } from './second-instance.ts';
import { toChoices } from './suggestions.ts';
import { createTurns } from './turns.ts';

/** An answer is mostly there sooner, and then is the acknowledgement itself; Discord waits for 3 seconds. */
const ANSWER_WITHIN_MS = 300;
const COMPLETE_WITHIN_MS = 2500;

export interface ListenerOptions {
  readonly inbox: Inbox;
  readonly exchanges: Exchanges;
  readonly loans: Pick<Loans, 'renew'>;
  readonly surroundings: Surroundings;
  /** For what is said by an interaction's token; must not try again by itself. */
  readonly rest: REST;
  readonly log: Logger;
  readonly second: SecondInstance;
}

/** Takes what people do in Discord, each thing once, and sees that it is acknowledged and answered. Never rejects. */
export function createListener(options: ListenerOptions): (interaction: APIInteraction) => Promise<void> {
  const { inbox, exchanges, loans, surroundings, rest, log, second } = options;
  const turns = createTurns();

  async function converse(exchange: Exchange, asking: Asking, request: Request): Promise<void> {
    exchanges.keep(exchange);
    await renew(exchange);
    if (second.isSuspected && !mayOpenForm(asking)) await exchange.acknowledge();
    if (exchange.isAnsweredElsewhere) return leave(request);
    const acknowledging = setTimeout(() => acknowledge(exchange), ANSWER_WITHIN_MS);
    // On a message, an acknowledgement shows nothing to anybody; a command would show that Easel is thinking.
    if ((isOnMessage(asking) && !mayOpenForm(asking)) || turns.isCrowded) acknowledge(exchange);
    await turns.take();
    const result = await inbox.dispatch(request);
    switch (result.kind) {
      case 'private':
        clearTimeout(acknowledging);
        await exchange.tell(renderReply(result.reply));
        return exchanges.forget(exchange);
      case 'form':
        clearTimeout(acknowledging);
        if (!(await exchange.openForm(renderModal(result.form)))) await exchange.tell(renderReply(TOO_LATE_FOR_A_FORM));
        return exchanges.forget(exchange);
      case 'posted':
        // The answer to a command is its message, which `Messages` gives; until then it shows that it is thinking.
        if (exchange.isBeside) await exchange.acknowledge();
        await exchange.firstWord;
        if (!exchange.isAnsweredElsewhere) return;
        await inbox.withdraw?.(request);
        return leave(request);
      default:
        return result satisfies never;
    }
  }

  /** A disk that cannot note it costs no press. */
  async function renew(exchange: Exchange): Promise<void> {
    if (exchange.isMember || exchange.originalId === undefined) return;
    await loans
      .renew(exchange.originalId, exchange)
      .catch((error: unknown) => log.warn({ err: error }, 'a loan is not on disk'));
  }

  function leave({ id }: Request): void {
    log.debug({ interaction: id }, 'another process has answered; the work is left to it');
  }

  function acknowledge(exchange: Exchange): void {
    const acknowledged = exchange.acknowledge();
    turns.goFirst(acknowledged);
    acknowledged.catch((error: unknown) => log.warn({ err: toTrouble(error) }, 'Discord took no acknowledgement'));
  }

  async function ask(asking: Asking): Promise<void> {
    const exchange = createExchange({
      ...{ interaction: asking, isMember: isMember(asking, surroundings), rest },
      onRefused: (trouble) => log.warn({ err: trouble }, 'Discord did not take an acknowledgement'),
    });
    void exchange.firstWord.then(() => {
      if (exchange.isAnsweredElsewhere) second.noteLostRace();
    });
    const missing = exchange.isMember && !isHarmless(asking) ? missingPermissions(asking) : [];
    if (missing.length > 0) return exchange.tell(renderReply(explainMissing(missing)));
    const request = readRequest(asking);
    if (request instanceof BadInputError) return exchange.tell(renderReply(errorReply(request.userMessage)));
    await converse(exchange, asking, request);
  }

  function readRequest(asking: Asking): Request | BadInputError {
    try {
      return toRequest(asking, surroundings);
    } catch (error) {
      if (error instanceof BadInputError) return error;
      throw error;
    }
  }

  async function suggest(interaction: APIApplicationCommandAutocompleteInteraction): Promise<void> {
    const typing = toTyping(interaction);
    if (typing === undefined) return;
    const choices = toChoices(await inbox.complete(typing), interaction);
    await rest.post(Routes.interactionCallback(interaction.id, interaction.token), {
      auth: false,
      body: { type: InteractionResponseType.ApplicationCommandAutocompleteResult, data: { choices } },
      signal: AbortSignal.timeout(COMPLETE_WITHIN_MS),
    });
  }

  return async (interaction) => {
    if (!exchanges.isNew(interaction.id)) return;
    try {
      if (interaction.type === InteractionType.ApplicationCommandAutocomplete) return await suggest(interaction);
      const asking = askingOf(interaction);
      if (asking !== undefined) await ask(asking);
    } catch (error) {
      const trouble = toTrouble(error);
      if (isAnsweredElsewhere(trouble)) second.noteLostRace();
      // Whoever types on does not miss suggestions that came too late.
      const level = interaction.type === InteractionType.ApplicationCommandAutocomplete ? 'debug' : 'warn';
      log[level]({ interaction: interaction.id, err: trouble }, 'Discord took no answer');
    }
  };
}

function isOnMessage(asking: Asking): boolean {
  return 'message' in asking && asking.message !== undefined;
}

/** A form can only be the first word. */
function mayOpenForm(asking: Asking): boolean {
  if (asking.type !== InteractionType.MessageComponent) return false;
  const { custom_id: id } = asking.data;
  return decodeButtonId(id)?.action === 'remix' || decodeFormId(id) !== undefined;
}

/** What needs no right to write in the channel. */
function isHarmless(asking: Asking): boolean {
  if (asking.type !== InteractionType.MessageComponent) return false;
  const action = decodeButtonId(asking.data.custom_id)?.action;
  return action === 'cancel' || action === 'delete';
}

function errorReply(words: string): Reply {
  return { state: 'error', lines: [sentence(words)], pictures: [], buttons: [] };
}

const TOO_LATE_FOR_A_FORM = errorReply('Easel was too slow to open the form; please try once more.');
