import type { EngineDescription } from '../engine/index.ts';
import type { CommandDescription, MessageActionDescription } from '../src/core/command.ts';
import type { FormSubject } from '../src/core/form.ts';
import type { Job } from '../src/core/job.ts';
import type {
  ButtonRequest,
  CommandRequest,
  FormRequest,
  MessageActionRequest,
  RemotePicture,
  ShortcutRequest,
} from '../src/core/request.ts';
import type { DispatchResult } from '../src/platforms/port.ts';
import type { JobQueue } from '../src/queue/port.ts';

/** All that a command may reach: ports and settings, never a platform, a database or the engine itself. */
export interface CommandContext {
  readonly engine: EngineDescription;
  readonly defaults: CommandDefaults;
  readonly queue: JobQueue;
  findJob(jobId: string): Promise<Job | undefined>;
  /** Removes the message and the pictures of a finished job; its recipe stays. */
  deleteJob(job: Job): Promise<void>;
  /**
   * Fetches, checks and keeps a picture that a person gave: a web address, or what hangs on their message.
   * @throws EaselError saying what is wrong with it
   */
  takePicture(source: string | RemotePicture): Promise<KeptPicture>;
  /** A uniformly random unsigned 32-bit seed. */
  randomSeed(): number;
}

/** A person's picture on disk. */
export interface KeptPicture {
  readonly name: string;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

export interface CommandDefaults {
  readonly count: number;
  readonly negative: string;
}

export interface Command {
  readonly description: CommandDescription;
  /** @throws EaselError for the person who sent it. */
  run(request: CommandRequest, context: CommandContext): Promise<DispatchResult>;
}

export interface ButtonHandler {
  run(request: ButtonRequest, job: Job, index: number, context: CommandContext): Promise<DispatchResult>;
}

/** A form; `form` is its name in `encodeFormId`. */
export interface FormHandler {
  readonly form: string;
  /** The button that has the form's id was pressed. */
  open(request: ButtonRequest, picture: FormSubject['picture'], context: CommandContext): Promise<DispatchResult>;
  /** It was filled in. */
  run(request: FormRequest, picture: FormSubject['picture'], context: CommandContext): Promise<DispatchResult>;
}

export interface MessageAction {
  readonly description: MessageActionDescription;
  run(request: MessageActionRequest, context: CommandContext): Promise<DispatchResult>;
}

export interface Shortcut {
  readonly shortcut: string;
  run(request: ShortcutRequest, context: CommandContext): Promise<DispatchResult>;
}
