import type { Logger as Log } from 'pino';
import type { ChannelRef } from '../../core/channel.ts';
import type { Form } from '../../core/form.ts';
import { jobIdOf } from '../../core/job-id.ts';
import type { Request } from '../../core/request.ts';
import type { User } from '../../core/user.ts';
import type { Dispatch, DispatchResult } from '../port.ts';
import type { Answers } from './answers.ts';
import type { Calls } from './calls.ts';
import { adviseOn, redact, type SlackTroubleError, toTrouble } from './failures.ts';
import type { Home } from './home.ts';
import type { Origin } from './inbound.ts';
import { renderModal } from './modal.ts';
import type { People } from './people.ts';
import type { Reach } from './reach.ts';
import type { Room } from './room.ts';
import type { Served } from './served.ts';

/** What a request says besides what is asked for. */
export type Asker = Pick<Request, 'id' | 'user' | 'channel' | 'isModerator' | 'isAgeRestricted' | 'roles'>;

/** Takes what people do on Slack to the bot, and the bot's answers back to them, each once. */
export interface Desk {
  /** False for what was seen before: Slack delivers again what it believes lost. Never rejects. */
  isNew(origin: Origin): Promise<boolean>;
  /** Asks the bot and answers the person. Never rejects. @param toRequest what is asked */
  serve(origin: Origin, toRequest: (asker: Asker) => Request): Promise<void>;
  /** Asks the bot only, unless the answer could not stand where it was asked. */
  ask(origin: Origin, toRequest: (asker: Asker) => Request): Promise<Asked>;
  /** Brings the bot's answer to the person. Never rejects. */
  answer(origin: Origin, asked: Asked): Promise<void>;
  /** This process was asked for the message of that nonce. */
  isOwn(nonce: string): boolean;
  /** The message of a nonce shows its end: the page of whoever asked may follow. */
  noteEnd(nonce: string): void;
  /** The message of a nonce cannot stand in its channel: whoever asked hears why. */
  tellGone(nonce: string, trouble: SlackTroubleError): void;
}

/** `objection`: nothing was asked, as its result could not stand there. */
export type Asked =
  | { readonly kind: 'objection'; readonly sentence: string }
  | { readonly kind: 'result'; readonly result: DispatchResult };

export interface DeskOptions {
  readonly dispatch: Dispatch;
  readonly answers: Answers;
  readonly calls: Calls;
  readonly people: People;
  readonly reach: Reach;
  readonly room: Room;
  readonly home: Home;
  readonly served: Served;
  readonly directChannel: (userId: string) => Promise<string>;
  readonly log: Log;
}

const REMEMBERED = 5000;
const CROWDED =
  'Your picture is in line. Slack lets Easel write only so much in a minute, so its message comes late, at the latest with the picture; `/easel queue` says how far it is.';

export function createDesk(options: DeskOptions): Desk {
  const { dispatch, answers, calls, people, reach, room, home, served, directChannel, log } = options;
  /** Who asked, by the nonce of the message that is to come. */
  const askers = new Map<string, Origin>();

  async function findAsker(origin: Origin): Promise<Asker> {
    const { requestId, userId, userName, threadId } = origin;
    const [member, channelId] = await Promise.all([
      people.lookUp(userId),
      origin.channelId ?? directChannel(userId).catch(() => userId),
    ]);
    const user: User = { platform: 'slack', id: userId, name: member.name ?? userName ?? 'someone' };
    const channel: ChannelRef = { platform: 'slack', channelId, ...(threadId !== undefined && { threadId }) };
    // What stands in direct messages is the person's own.
    const isModerator = member.isAdmin || channelId.startsWith('D');
    return { id: requestId, user, channel, isModerator, isAgeRestricted: false, roles: member.groups };
  }

  async function ask(origin: Origin, toRequest: (asker: Asker) => Request): Promise<Asked> {
    answers.note(origin);
    const { channelId, isMember } = origin;
    if (channelId !== undefined && isMember) reach.confirm(channelId);
    const [asker, objection] = await Promise.all([
      findAsker(origin),
      channelId === undefined ? undefined : reach.objection(channelId),
    ]);
    if (objection !== undefined) return { kind: 'objection', sentence: objection };
    const request = toRequest(asker);
    remember(jobIdOf('slack', request.id), origin);
    return { kind: 'result', result: await dispatch(request) };
  }

  function remember(nonce: string, origin: Origin): void {
    askers.set(nonce, origin);
    const [oldest] = askers.keys();
    if (askers.size > REMEMBERED && oldest !== undefined) askers.delete(oldest);
  }

  async function openForm(origin: Origin, form: Form): Promise<void> {
    const { triggerId, channelId, threadId, isHome } = origin;
    if (triggerId === undefined) {
      const shown = 'Slack opens forms only from buttons and commands; use `/easel` for this.';
      return answers.tellSentence(origin, shown);
    }
    const view = renderModal(form, isHome ? { isHome } : { channelId, threadId });
    try {
      await calls.run('views.open', (client) => client.views.open({ trigger_id: triggerId, view }));
    } catch (error) {
      const { code } = toTrouble(error, 'views.open');
      if (code !== 'expired_trigger_id' && code !== 'trigger_expired') throw error;
      await answers.tellSentence(origin, 'Slack gave Easel too little time to open the form; try once more.');
    }
  }

  async function bring(origin: Origin, asked: Asked): Promise<void> {
    if (asked.kind === 'objection') return answers.tellSentence(origin, asked.sentence);
    const { result } = asked;
    switch (result.kind) {
      case 'posted':
        return room.holds(jobIdOf('slack', origin.requestId)) ? answers.hint(origin, CROWDED) : undefined;
      case 'private':
        return answers.tell(origin, result.reply);
      case 'form':
        return openForm(origin, result.form);
    }
  }

  async function answer(origin: Origin, asked: Asked): Promise<void> {
    try {
      await bring(origin, asked);
      await served.end(origin.requestId);
    } catch (error) {
      log.warn({ request: origin.requestId, err: loggable(error) }, 'an answer was not delivered');
      const advice = adviseOn(toTrouble(error, 'answer'));
      if (advice !== undefined) await answers.tellSentence(origin, advice).catch(() => undefined);
    }
    if (origin.isHome) await home.show(origin.userId);
  }

  return {
    isNew: ({ requestId }) => served.begin(requestId),
    ask,
    answer,
    serve: async (origin, toRequest) => {
      try {
        await answer(origin, await ask(origin, toRequest));
      } catch (error) {
        log.error({ request: origin.requestId, err: loggable(error) }, 'a request was not served');
      }
    },
    isOwn: (nonce) => askers.has(nonce),
    noteEnd: (nonce) => {
      const origin = askers.get(nonce);
      if (origin !== undefined) home.follow(origin.userId);
    },
    tellGone: (nonce, trouble) => {
      const origin = askers.get(nonce);
      const advice = adviseOn(trouble);
      log.info({ job: nonce, code: trouble.code }, 'a message cannot stand in its channel');
      if (origin === undefined || advice === undefined) return;
      answers.tellSentence(origin, advice).catch((error: unknown) => {
        log.warn({ job: nonce, err: loggable(error) }, 'an answer was not delivered');
      });
    },
  };
}

/** An error whose text holds no secret. */
function loggable(error: unknown): unknown {
  if (!(error instanceof Error)) return redact(String(error));
  return Object.assign(new Error(redact(error.message)), { name: error.name, stack: redact(error.stack ?? '') });
}
