import { type ButtonActionName, decodeButtonId } from './core/button.ts';
import type { Job } from './core/job.ts';
import { type Reply, sentence } from './core/reply.ts';
import type { ButtonRequest, CommandRequest, Request } from './core/request.ts';
import { BadInputError } from './errors.ts';
import type { Explain } from './failure.ts';
import type { Dispatch, DispatchResult } from './platforms/port.ts';

/** By command name, without the slash. */
export type CommandHandlers = ReadonlyMap<string, (request: CommandRequest) => Promise<DispatchResult>>;
export type ButtonHandlers = Readonly<
  Record<ButtonActionName, (request: ButtonRequest, job: Job, index: number) => Promise<DispatchResult>>
>;

export interface DispatchOptions {
  readonly commands: CommandHandlers;
  readonly buttons: ButtonHandlers;
  readonly findJob: (jobId: string) => Promise<Job | undefined>;
  readonly explain: Explain;
}

/** Answers kept for events that a platform delivers again; platforms redeliver within minutes. */
const REMEMBERED_REQUESTS = 1000;

/** The one way in for all platforms, and the one place where trouble becomes an answer. It never rejects. */
export function createDispatch({ commands, buttons, findJob, explain }: DispatchOptions): Dispatch {
  const answers = new Map<string, Promise<DispatchResult>>();

  async function runCommand(request: CommandRequest): Promise<DispatchResult> {
    const run = commands.get(request.command);
    if (run === undefined) {
      throw new BadInputError('unknown_command', `/${request.command} is not a command here; /help lists them all.`);
    }
    return run(request);
  }

  async function runButton(request: ButtonRequest): Promise<DispatchResult> {
    const button = decodeButtonId(request.buttonId);
    if (button === undefined) {
      throw new BadInputError('unknown_button', 'This button is not one that this Easel knows; use /imagine instead.');
    }
    const job = await findJob(button.jobId);
    if (job === undefined) {
      throw new BadInputError('unknown_job', 'That picture is no longer kept here; use /imagine to make a new one.');
    }
    return buttons[button.action](request, job, button.index);
  }

  async function answer(request: Request): Promise<DispatchResult> {
    try {
      return await (request.kind === 'command' ? runCommand(request) : runButton(request));
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
    if (answers.size > REMEMBERED_REQUESTS) answers.delete(answers.keys().next().value ?? key);
    return result;
  };
}

function errorReply(userMessage: string): Reply {
  return { state: 'error', lines: [sentence(userMessage)], pictures: [], buttons: [] };
}
