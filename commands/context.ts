import type { EngineDescription, EngineTask, Seed } from '../engine/index.ts';
import type { BotHealth } from '../src/core/bot-health.ts';
import type { CommandDescription, MessageActionDescription } from '../src/core/command.ts';
import type { FormSubject } from '../src/core/form.ts';
import type { Job } from '../src/core/job.ts';
import type { RecipeCandidates } from '../src/core/recipe-candidates.ts';
import type { Reply } from '../src/core/reply.ts';
import type {
  ButtonRequest,
  CommandRequest,
  FormRequest,
  MessageActionRequest,
  RemotePicture,
  Request,
  ShortcutRequest,
} from '../src/core/request.ts';
import type { Style } from '../src/core/style.ts';
import type { User } from '../src/core/user.ts';
import type { DispatchResult } from '../src/platforms/port.ts';
import type { JobQueue } from '../src/queue/port.ts';
import type { Gallery, SettingsStore, ValueStore } from '../src/store/port.ts';
import type { CommandDefaults } from './defaults.ts';

/** Everything that a command may use: ports and settings, never a platform, a database or the engine. */
export interface CommandContext {
  readonly engine: EngineDescription;
  readonly defaults: CommandDefaults;
  readonly queue: JobQueue;
  readonly settings: SettingsStore;
  readonly styles: readonly Style[];
  findJob(jobId: string): Promise<Job | undefined>;
  /** Ids of what a person made or starred and can be shown, newest first. */
  gallery(user: User, gallery: Gallery): Promise<readonly string[]>;
  /** Pictures that a person may choose among, by an id of the request that found them. */
  readonly recipeCandidates: Pick<ValueStore<RecipeCandidates>, 'get' | 'set' | 'prune'>;
  /** Adds or removes the user's star on the job. */
  setStar(job: Job, user: User, isStarred: boolean): Promise<void>;
  /**
   * Does once what an event asks for, however often a platform delivers it; for what makes no job, by which that could
   * be seen. See `Idempotency`.
   */
  runOnce<Plan>(
    request: Request,
    plan: () => Promise<Plan>,
    apply: (planned: Plan) => Promise<DispatchResult>,
  ): Promise<DispatchResult>;
  /** The finished job as its message shows it, pictures included, as the place takes them; without those pruned. */
  showJob(job: Job, request: Pick<CommandRequest, 'id' | 'channel'>): Promise<Reply>;
  /**
   * The text of the picture's file that says how it was made; undefined where it has none.
   * @param user who wants to know it
   * @throws EaselError
   */
  readPictureText(picture: RemotePicture, user: User): Promise<string | undefined>;
  health(): BotHealth;
  /** Removes the message and the pictures of a finished job; its recipe stays. */
  deleteJob(job: Job): Promise<void>;
  /**
   * Fetches, checks and keeps a picture that a person gave: a web address, or what hangs on their message.
   * @param user who gave it
   * @throws EaselError saying what is wrong with it
   */
  loadPicture(source: string | RemotePicture, user: User): Promise<KeptPicture>;
  /**
   * Whether the engine can draw it at all, as far as that is known before it does.
   * @throws EngineError with the error that would otherwise come only after waiting in the queue
   */
  checkTask(task: EngineTask): Promise<void>;
  /** A uniformly random unsigned 32-bit seed: short enough to be read out. */
  randomSeed(): Seed;
}

/** A person's picture on disk. */
export interface KeptPicture {
  readonly name: string;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

/** What a person can say: `/name`. */
export interface Command {
  readonly description: CommandDescription;
  /** @throws EaselError for the person who sent it. */
  run(request: CommandRequest, context: CommandContext): Promise<DispatchResult>;
}

/** What one of `BUTTON_ACTIONS` does with a picture of a job. @throws EaselError for the person who pressed it. */
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

/** What can be done with any message, from the platform's menu. */
export interface MessageAction {
  readonly description: MessageActionDescription;
  run(request: MessageActionRequest, context: CommandContext): Promise<DispatchResult>;
}

/** What can be asked for without a message, from the platform's menu. */
export interface Shortcut {
  readonly shortcut: string;
  run(request: ShortcutRequest, context: CommandContext): Promise<DispatchResult>;
}
