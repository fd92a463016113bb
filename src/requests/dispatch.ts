import { LRUCache } from 'lru-cache';
import { type ButtonActionName, decodeButtonId } from '../core/button.ts';
import { BadInputError } from '../core/errors.ts';
import { decodeFormId, type FormSubject } from '../core/form.ts';
import type { Job } from '../core/job.ts';
import { type CandidateChoice, decodeCandidateChoice } from '../core/recipe-candidates.ts';
import { errorReply } from '../core/reply.ts';
import type {
  ButtonRequest,
  CommandRequest,
  FormRequest,
  MessageActionRequest,
  Request,
  ShortcutRequest,
} from '../core/request.ts';
import type { Dispatch, DispatchResult } from '../platforms/port.ts';
import type { Explain } from './failure.ts';

/** By command name, without the slash. */
export type CommandHandlers = ReadonlyMap<string, (request: CommandRequest) => Promise<DispatchResult>>;
export type ButtonHandlers = (
  action: ButtonActionName,
  request: ButtonRequest,
  job: Job,
  index: number,
) => Promise<DispatchResult>;

/** By the form's name: what a button does that opens it, and what is done with it once filled in. */
export type FormHandlers = ReadonlyMap<
  string,
  {
    readonly open: (request: ButtonRequest, picture: FormSubject['picture']) => Promise<DispatchResult>;
    readonly run: (request: FormRequest, picture: FormSubject['picture']) => Promise<DispatchResult>;
  }
>;
/** By the action's name. */
export type MessageActionHandlers = ReadonlyMap<string, (request: MessageActionRequest) => Promise<DispatchResult>>;
/** By the shortcut's name. */
export type ShortcutHandlers = ReadonlyMap<string, (request: ShortcutRequest) => Promise<DispatchResult>>;

export interface DispatchOptions {
  readonly commands: CommandHandlers;
  readonly buttons: ButtonHandlers;
  readonly forms: FormHandlers;
  readonly messageActions: MessageActionHandlers;
  readonly shortcuts: ShortcutHandlers;
  /** One of several pictures without a job was chosen. */
  readonly chooseCandidate: (request: ButtonRequest, choice: CandidateChoice) => Promise<DispatchResult>;
  readonly findJob: (jobId: string) => Promise<Job | undefined>;
  readonly explain: Explain;
}

/** Answers kept for events that a platform delivers again; platforms redeliver within minutes. */
const REMEMBERED_REQUESTS = 1000;

/** The one way in for all platforms, and the one place where trouble becomes an answer. It never rejects. */
export function createDispatch(options: DispatchOptions): Dispatch {
  const { commands, buttons, forms, messageActions, shortcuts, chooseCandidate, findJob, explain } = options;
  const answers = new LRUCache<string, Promise<DispatchResult>>({ max: REMEMBERED_REQUESTS });

  async function runCommand(request: CommandRequest): Promise<DispatchResult> {
    const run = commands.get(request.command);
    if (run === undefined) {
      throw new BadInputError(
        'unknown_command',
        `/${request.command} is not a command here; \`/help\` lists them all.`,
      );
    }
    return run(request);
  }

  async function runButton(request: ButtonRequest): Promise<DispatchResult> {
    const button = decodeButtonId(request.buttonId);
    const subject = decodeFormId(request.buttonId);
    const form = subject === undefined ? undefined : forms.get(subject.form);
    if (form !== undefined) return form.open(request, subject?.picture);
    const choice = decodeCandidateChoice(request.buttonId);
    if (choice !== undefined) return chooseCandidate(request, choice);
    if (button === undefined) {
      throw new BadInputError('unknown_button', 'Easel does not know this button; use /imagine instead.');
    }
    const job = await findJob(button.jobId);
    // An id is not a secret: pictures of one platform are none of another's.
    if (job === undefined || job.channel.platform !== request.channel.platform) {
      throw new BadInputError('unknown_job', 'That picture is no longer kept here; use /imagine to make a new one.');
    }
    return buttons(button.action, request, job, button.index);
  }

  async function runForm(request: FormRequest): Promise<DispatchResult> {
    const subject = decodeFormId(request.formId);
    const form = subject === undefined ? undefined : forms.get(subject.form);
    if (form === undefined) {
      throw new BadInputError('unknown_form', 'Easel does not know this form; use /imagine instead.');
    }
    return form.run(request, subject?.picture);
  }

  async function runMessageAction(request: MessageActionRequest): Promise<DispatchResult> {
    const run = messageActions.get(request.action);
    if (run === undefined) throw new BadInputError('unknown_action', 'Easel does not know that action.');
    return run(request);
  }

  async function runShortcut(request: ShortcutRequest): Promise<DispatchResult> {
    const run = shortcuts.get(request.shortcut);
    if (run === undefined) throw new BadInputError('unknown_shortcut', 'Easel does not know that shortcut.');
    return run(request);
  }

  function run(request: Request): Promise<DispatchResult> {
    switch (request.kind) {
      case 'command':
        return runCommand(request);
      case 'button':
        return runButton(request);
      case 'form':
        return runForm(request);
      case 'message_action':
        return runMessageAction(request);
      case 'shortcut':
        return runShortcut(request);
    }
  }

  async function answer(request: Request): Promise<DispatchResult> {
    try {
      return await run(request);
    } catch (error) {
      const { userMessage } = explain(error, { request: request.id });
      return { kind: 'private', reply: errorReply(userMessage) };
    }
  }

  return (request) => {
    const key = `${request.user.platform}:${request.id}`;
    const earlier = answers.get(key);
    if (earlier !== undefined) return earlier;
    const result = answer(request);
    answers.set(key, result);
    // Pictures are only shown, which may be done again; a thousand answers with theirs would fill the memory.
    void result.then((given) => given.kind === 'private' && given.reply.pictures.length > 0 && answers.delete(key));
    return result;
  };
}
