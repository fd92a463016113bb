import Database from 'libsql';
import { complete } from '../../commands/complete.ts';
import type { CommandContext } from '../../commands/context.ts';
import { buttons, chooseCandidate, commands, forms, messageActions, shortcuts } from '../../commands/index.ts';
import { type EngineDescription, singleRecipe, specOf } from '../../engine/index.ts';
import { loadStyles } from '../../src/app/load-styles.ts';
import type { ButtonActionName } from '../../src/core/button.ts';
import type { ChannelRef } from '../../src/core/channel.ts';
import { decodeFormId, type Form } from '../../src/core/form.ts';
import type { Job } from '../../src/core/job.ts';
import { isShowable } from '../../src/core/job-state.ts';
import { decodeCandidateChoice } from '../../src/core/recipe-candidates.ts';
import type { ReplyPicture, Span } from '../../src/core/reply.ts';
import type { MessageActionRequest, OptionValue, RemotePicture } from '../../src/core/request.ts';
import { hasStarOf, setStar } from '../../src/core/star.ts';
import { isSameUser, type User } from '../../src/core/user.ts';
import { doneReply } from '../../src/deliver/render-reply.ts';
import { readRecipeText } from '../../src/image/recipe-text.ts';
import type { DispatchResult } from '../../src/platforms/port.ts';
import { createGroupCommit } from '../../src/store/group-commit.ts';
import { LibsqlAdapter } from '../../src/store/libsql-adapter.ts';
import { createSettingsStore } from '../../src/store/settings-store.ts';
import { createMemoryQueue } from '../doubles/memory-queue.ts';
import { createMemoryValueStore } from '../doubles/memory-value-store.ts';
import { ORDINARY } from '../doubles/samples.ts';

export const ada: User = { platform: 'web', id: 'ada', name: 'Ada' };
export const ben: User = { platform: 'web', id: 'ben', name: 'Ben' };
export const lobby: ChannelRef = { platform: 'web', channelId: 'lobby' };

export const engine: EngineDescription = {
  defaultModel: 'sketch',
  provider: 'cpu',
  slots: 1,
  execution: {
    ...{ threads: 2, maxRows: 8, offload: false, memoryLimit: 6e9 },
    passedOver: ['"cuda" has no driver. Easel uses "cpu" instead.'],
  },
  loras: [],
  embeddings: [],
  refused: [],
  models: [
    {
      id: 'sketch',
      title: 'Sketch',
      family: 'Stable Diffusion 1',
      width: 128,
      height: 128,
      steps: 20,
      guidance: 4,
      sampler: 'dpmpp_2m',
    },
    {
      id: 'sd-v1-4',
      title: 'Stable Diffusion 1.4',
      family: 'Stable Diffusion 1',
      width: 512,
      height: 512,
      steps: 50,
      guidance: 7.5,
      sampler: 'pndm',
      ...{ predictionType: 'v_prediction', hasSafetyChecker: true, hasTinyAutoencoder: true, memoryBytes: 5.8e9 },
    },
  ],
};

/** A channel with people, without a platform: what they say and press reaches the commands, and jobs are kept. */
export function createCommandFixture({
  checkTask = async () => undefined,
  upscalers,
}: Partial<Pick<CommandContext, 'checkTask'> & Pick<EngineDescription, 'upscalers'>> = {}) {
  const queue = createMemoryQueue();
  let events = 0;
  let seeds = 1000;
  const context: CommandContext = {
    engine: upscalers === undefined ? engine : { ...engine, upscalers },
    defaults: { count: 4, negative: '' },
    queue,
    settings: createSettingsStore(openEntries()),
    styles: loadStyles(),
    gallery: async (user, gallery) => {
      const jobs = [...queue.jobs.values()].filter(isShowable).toReversed();
      const isOn = (job: Job) => (gallery === 'made' ? isSameUser(job.owner, user) : hasStarOf(job, user));
      return jobs.filter(isOn).map(({ id }) => id);
    },
    setStar: async (job, user, isStarred) => queue.put(setStar(job, user, isStarred)),
    runOnce: async (_request, plan, apply) => apply(await plan()),
    showJob: async (job) => doneReply(job, pictureOf(job)),
    readPictureText: async (picture) => readRecipeText(await picture.fetch(1e7)),
    checkTask,
    health: () => ({
      ...{ version: '1.2.3', uptimeMs: 3_720_000, memoryBytes: 123_456_789, engineBytes: 5_570_000_000 },
      limits: { maxWaitingPerUser: 10, maxWaiting: 200 },
    }),
    findJob: async (jobId) => queue.jobs.get(jobId),
    recipeCandidates: createMemoryValueStore(),
    deleteJob: async (job) => queue.put({ ...job, deleted: true }),
    loadPicture: async (source) => {
      if (typeof source !== 'string') await source.fetch(1e6);
      return { name: typeof source === 'string' ? source : source.name, width: 640, height: 320 };
    },
    randomSeed: () => seeds++,
  };
  const nextEvent = () => `event-${++events}`;

  async function say(
    user: User,
    command: string,
    text = '',
    options: Readonly<Record<string, OptionValue>> = {},
    channel = lobby,
    existing: Partial<typeof ORDINARY_PLACE> = {},
  ): Promise<DispatchResult> {
    const found = commands.find((candidate) => candidate.description.name === command);
    if (found === undefined) throw new Error(`no command ${command}`);
    const place = { user, channel, ...ORDINARY, ...existing };
    return found.run({ kind: 'command', id: nextEvent(), ...place, command, options, text }, context);
  }

  async function press(
    user: User,
    action: ButtonActionName,
    job: Job,
    index = 0,
    existing: Partial<typeof ORDINARY_PLACE> = {},
  ): Promise<DispatchResult> {
    const message = { channel: lobby, messageId: 'm1' };
    const place = { user, channel: lobby, ...ORDINARY, ...existing };
    const request = { kind: 'button', id: nextEvent(), ...place, buttonId: 'unused', message, pictures: [] } as const;
    return buttons[action].run(request, queue.jobs.get(job.id) ?? job, index, context);
  }

  /** Chooses one of the pictures that were found on a message. */
  async function pressCandidate(user: User, buttonId: string): Promise<DispatchResult> {
    const choice = decodeCandidateChoice(buttonId);
    if (choice === undefined) throw new Error(`not a choice: ${buttonId}`);
    const message = { channel: lobby, messageId: 'm8' };
    const place = { user, channel: lobby, ...ORDINARY };
    const request = { kind: 'button', id: nextEvent(), ...place, buttonId, message, pictures: [] } as const;
    return chooseCandidate(request, choice, context);
  }

  /** Fills in a form and sends it; what is not named stays as it was filled in beforehand. */
  async function fill(
    user: User,
    form: Form,
    changes: Readonly<Record<string, string>> = {},
    existing: Partial<typeof ORDINARY_PLACE> = {},
  ): Promise<DispatchResult> {
    const subject = decodeFormId(form.id);
    const handler = forms.find((candidate) => candidate.form === subject?.form);
    if (handler === undefined) throw new Error(`no form ${form.id}`);
    const values = { ...Object.fromEntries(form.fields.map(({ name, value }) => [name, value])), ...changes };
    const place = { user, channel: lobby, ...ORDINARY, ...existing };
    const request = { kind: 'form', id: nextEvent(), ...place, formId: form.id, values } as const;
    return handler.run(request, subject?.picture, context);
  }

  /** Presses a button that opens a form. */
  async function open(user: User, formName: string, existing: Partial<typeof ORDINARY_PLACE> = {}): Promise<Form> {
    const handler = forms.find((candidate) => candidate.form === formName);
    const place = { user, channel: lobby, ...ORDINARY, ...existing };
    const message = { channel: lobby, messageId: 'm1' };
    const request = { kind: 'button', id: nextEvent(), ...place, buttonId: 'unused', message, pictures: [] } as const;
    const result = await handler?.open(request, undefined, context);
    return formOf(result);
  }

  /** Chooses an action in the menu of a message. */
  async function act(
    user: User,
    action: string,
    on: Partial<Pick<MessageActionRequest, 'buttonIds' | 'pictures'>>,
  ): Promise<DispatchResult> {
    const found = messageActions.find(({ description }) => description.action === action);
    if (found === undefined) throw new Error(`no message action ${action}`);
    const message = { channel: lobby, messageId: 'm7' };
    const place = { user, channel: lobby, ...ORDINARY, message };
    const shown = { buttonIds: [], pictures: [], ...on };
    return found.run({ kind: 'message_action', id: nextEvent(), ...place, action, ...shown }, context);
  }

  async function take(user: User, shortcut: string): Promise<DispatchResult> {
    const found = shortcuts.find((candidate) => candidate.shortcut === shortcut);
    if (found === undefined) throw new Error(`no shortcut ${shortcut}`);
    return found.run({ kind: 'shortcut', id: nextEvent(), user, channel: lobby, ...ORDINARY, shortcut }, context);
  }

  /** What is offered while a person types. */
  async function type(
    user: User,
    command: string,
    option: string,
    typed: string,
    options: Readonly<Record<string, OptionValue>> = {},
  ): Promise<readonly string[]> {
    const offered = await complete({ user, channel: lobby, command, option, typed, options }, context);
    return offered.map(({ value }) => value);
  }

  /** Says /imagine and returns the job that stands in the queue. */
  async function imagine(user: User, text: string, options: Readonly<Record<string, OptionValue>> = {}): Promise<Job> {
    await say(user, 'imagine', text, options);
    return queue.last();
  }

  /** As if the engine had finished it and the channel showed it. */
  function finish(job: Job): Job {
    const { task } = job;
    const { width, height, count } = specOf(task);
    const pictures =
      task.kind === 'generate'
        ? Array.from({ length: count }, (_, index) => ({ recipe: singleRecipe(task.spec, index), width, height }))
        : [{ recipe: task, width: width * sideRatio(job), height: height * sideRatio(job) }];
    const finished: Job = { ...job, state: 'delivered', pictures };
    queue.put(finished);
    return finished;
  }

  return { context, queue, say, press, pressCandidate, fill, open, act, take, type, imagine, finish };
}

const ORDINARY_PLACE: { readonly isModerator: boolean; readonly isAgeRestricted: boolean } = ORDINARY;

/** A settings store's entries, in memory. */
function openEntries(): () => LibsqlAdapter {
  const database = new Database(':memory:');
  database.exec('CREATE TABLE entries (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;');
  const commit = createGroupCommit(database);
  return () => new LibsqlAdapter(database, commit);
}

function pictureOf(job: Job): ReplyPicture {
  return {
    name: `${job.id}.png`,
    mediaType: 'image/png',
    data: new Uint8Array(),
    width: 1,
    height: 1,
    alt: 'a picture',
  };
}

/** A file on a message. */
export function fileOf(data: Uint8Array, mediaType = 'image/png'): RemotePicture {
  return { name: 'picture', mediaType, byteLength: data.length, fetch: async () => data };
}

/** The form that an answer opens. */
export function formOf(result: DispatchResult | undefined): Form {
  if (result?.kind !== 'form') throw new Error(`the answer is ${result?.kind}, no form`);
  return result.form;
}

function sideRatio(job: Job): number {
  let ratio = 1;
  for (let recipe = job.task; recipe.kind === 'upscale'; recipe = recipe.source) ratio *= recipe.factor;
  return ratio;
}

/** A private answer as plain lines; mentions as @name. */
export function readLines(result: DispatchResult): string[] {
  if (result.kind !== 'private') throw new Error('the answer is in the channel');
  return result.reply.lines.map((line) => line.map(readSpan).join(''));
}

function readSpan(span: Span): string {
  return span.kind === 'user' ? `@${span.user.name}` : span.text;
}
