import { LRUCache } from 'lru-cache';
import type { Logger as Log } from 'pino';
import type { ChannelRef } from '../../core/channel.ts';
import type { Form } from '../../core/form.ts';
import { jobIdOf } from '../../core/job-id.ts';
import type { Request } from '../../core/request.ts';
import type { User } from '../../core/user.ts';
import type { Dispatch, DispatchResult } from '../port.ts';
import type { ChannelAccess } from './channel-access.ts';
import { EASEL } from './command-names.ts';
import type { EphemeralReplies } from './ephemeral-replies.ts';
import { adviseOn, redact, type SlackRequestError, toRequestError } from './errors.ts';
import type { EventDedup } from './event-dedup.ts';
import type { Home } from './home.ts';
import type { Origin } from './inbound.ts';
import { renderModal } from './modal.ts';
import type { RateBudget } from './rate-budget.ts';
import type { UserDirectory } from './user-directory.ts';
import type { WebApi } from './web-api.ts';

/** What a request says besides what is asked for. */
export type RequestContext = Pick<Request, 'id' | 'user' | 'channel' | 'isModerator' | 'isAgeRestricted' | 'roles'>;

/** Takes what people do on Slack to the bot, and the bot's answers back to them, each once. */
export interface RequestHandler {
  /** False for what was seen before: Slack delivers again what it believes lost. Never rejects. */
  isNew(origin: Origin): Promise<boolean>;
  /**
   * Asks the bot and answers the person. Never rejects.
   * @param toRequest what is asked
   * @param onNoted told when what is asked for is on disk, or nothing is to be done for it
   */
  handle(origin: Origin, toRequest: (context: RequestContext) => Request, onNoted?: () => void): Promise<void>;
  /** Asks the bot only, unless the answer could not stand where it was asked. */
  ask(origin: Origin, toRequest: (context: RequestContext) => Request): Promise<RequestOutcome>;
  /** Brings the bot's answer to the person. Never rejects. */
  answer(origin: Origin, outcome: RequestOutcome): Promise<void>;
  /** This process was asked for the message of that nonce. */
  isOwn(nonce: string): boolean;
  /** The message of a nonce shows its end: the page of whoever asked may follow. */
  onMessageEnded(nonce: string): void;
  /** The message of a nonce cannot stand in its channel: whoever asked hears why. */
  onMessageLost(nonce: string, requestError: SlackRequestError): void;
}

/** `objection`: nothing was asked, as its result could not stand there. */
export type RequestOutcome =
  | { readonly kind: 'objection'; readonly sentence: string }
  | { readonly kind: 'result'; readonly result: DispatchResult };

export interface RequestHandlerOptions {
  readonly dispatch: Dispatch;
  readonly ephemeral: EphemeralReplies;
  readonly api: WebApi;
  readonly users: UserDirectory;
  readonly access: ChannelAccess;
  readonly budget: RateBudget;
  readonly home: Home;
  readonly dedup: EventDedup;
  /** The command that says how far pictures are. */
  readonly queueCommand: string | undefined;
  readonly directChannel: (userId: string) => Promise<string>;
  readonly log: Log;
}

const REMEMBERED = 5000;
const CROWDED =
  'Your picture is in the queue. Slack limits how often Easel can post, so its message appears late, at the latest with the picture.';

export function createRequestHandler(options: RequestHandlerOptions): RequestHandler {
  const { dispatch, ephemeral, api, users, access, budget, home, dedup, directChannel, log, queueCommand } = options;
  const crowded = queueCommand === undefined ? CROWDED : `${CROWDED} \`${EASEL} ${queueCommand}\` shows its position.`;
  /** Who asked, by the nonce of the message that is to come. */
  const contexts = new LRUCache<string, Origin>({ max: REMEMBERED });

  async function findContext(origin: Origin): Promise<RequestContext> {
    const { requestId, userId, userName, threadId } = origin;
    const [member, channelId] = await Promise.all([
      users.lookUp(userId),
      origin.channelId ?? directChannel(userId).catch(() => userId),
    ]);
    const user: User = { platform: 'slack', id: userId, name: member.name ?? userName ?? 'someone' };
    const channel: ChannelRef = { platform: 'slack', channelId, ...(threadId !== undefined && { threadId }) };
    // What stands in direct messages is the person's own.
    const isModerator = member.isAdmin || channelId.startsWith('D');
    return { id: requestId, user, channel, isModerator, isAgeRestricted: false, roles: member.groups };
  }

  async function ask(origin: Origin, toRequest: (context: RequestContext) => Request): Promise<RequestOutcome> {
    ephemeral.noteResponseUrl(origin);
    const { channelId, isMember } = origin;
    if (channelId !== undefined && isMember) access.confirm(channelId);
    const [context, objection] = await Promise.all([
      findContext(origin),
      channelId === undefined ? undefined : access.objection(channelId),
    ]);
    if (objection !== undefined) return { kind: 'objection', sentence: objection };
    const request = toRequest(context);
    contexts.set(jobIdOf('slack', request.id), origin);
    return { kind: 'result', result: await dispatch(request) };
  }

  async function openForm(origin: Origin, form: Form): Promise<void> {
    const { triggerId, channelId, threadId, isHome } = origin;
    if (triggerId === undefined) {
      const shown = 'Slack opens forms only from buttons and commands; use `/easel` for this.';
      return ephemeral.sendText(origin, shown);
    }
    const view = renderModal(form, isHome ? { isHome } : { channelId, threadId });
    try {
      await api.run('views.open', (client) => client.views.open({ trigger_id: triggerId, view }));
    } catch (error) {
      const { code } = toRequestError(error, 'views.open');
      if (code !== 'expired_trigger_id' && code !== 'trigger_expired') throw error;
      await ephemeral.sendText(origin, 'Easel opened the form too late for Slack; please try again.');
    }
  }

  async function bring(origin: Origin, outcome: RequestOutcome): Promise<void> {
    if (outcome.kind === 'objection') return ephemeral.sendText(origin, outcome.sentence);
    const { result } = outcome;
    switch (result.kind) {
      case 'posted':
        return budget.isHeldBack(jobIdOf('slack', origin.requestId)) ? ephemeral.sendHint(origin, crowded) : undefined;
      case 'private':
        return ephemeral.send(origin, result.reply);
      case 'form':
        return openForm(origin, result.form);
    }
  }

  async function answer(origin: Origin, outcome: RequestOutcome): Promise<void> {
    try {
      await bring(origin, outcome);
      await dedup.end(origin.requestId);
    } catch (error) {
      log.warn({ request: origin.requestId, err: loggable(error) }, 'an answer could not be delivered');
      const advice = adviseOn(toRequestError(error, 'answer'));
      if (advice !== undefined) await ephemeral.sendText(origin, advice).catch(() => undefined);
    }
    if (origin.isHome) await home.show(origin.userId);
  }

  return {
    isNew: ({ requestId }) => dedup.begin(requestId),
    ask,
    answer,
    handle: async (origin, toRequest, onNoted) => {
      try {
        const outcome = await ask(origin, toRequest);
        onNoted?.();
        await answer(origin, outcome);
      } catch (error) {
        log.error({ request: origin.requestId, err: loggable(error) }, 'a request could not be handled');
      }
    },
    isOwn: (nonce) => contexts.has(nonce),
    onMessageEnded: (nonce) => {
      const origin = contexts.get(nonce);
      if (origin !== undefined) home.follow(origin.userId);
    },
    onMessageLost: (nonce, requestError) => {
      const origin = contexts.get(nonce);
      const advice = adviseOn(requestError);
      log.info({ job: nonce, code: requestError.code }, 'a message cannot be posted in its channel');
      if (origin === undefined || advice === undefined) return;
      ephemeral.sendText(origin, advice).catch((error: unknown) => {
        log.warn({ job: nonce, err: loggable(error) }, 'an answer could not be delivered');
      });
    },
  };
}

/** An error whose text holds no secret. */
function loggable(error: unknown): unknown {
  if (!(error instanceof Error)) return redact(String(error));
  return Object.assign(new Error(redact(error.message)), { name: error.name, stack: redact(error.stack ?? '') });
}
