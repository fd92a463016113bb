import { randomBytes } from 'node:crypto';
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import type { CommandContext } from '../../commands/context.ts';
import { createEngine, type Engine, type EngineDescription, type PictureRecipe, specOf } from '../../engine/index.ts';
import { formatParameters } from '../core/parameters.ts';
import { redactPaths } from '../core/redact-paths.ts';
import { setStar } from '../core/star.ts';
import type { Style } from '../core/style.ts';
import { userKey } from '../core/user.ts';
import type { PictureRenderer } from '../deliver/attachments.ts';
import { createDeliver } from '../deliver/deliver.ts';
import { createShowJob } from '../deliver/show-job.ts';
import { drawGrid, drawPreview } from '../image/draw-grid.ts';
import { decodePng, encodeJpeg, encodePng, encodeWebp } from '../image/encode.ts';
import { readParameters } from '../image/png-text.ts';
import { createPictureIntake, type PictureIntake } from '../inputs/picture-intake.ts';
import { createLog, type Log } from '../lib/log.ts';
import { tightenDataFolder } from '../lib/private-files.ts';
import type { ChannelPort } from '../platforms/port.ts';
import { chooseCapacity, usualSpec } from '../queue/capacity.ts';
import { costOf, modelWorkOf } from '../queue/cost.ts';
import { createLocalQueue } from '../queue/local-queue.ts';
import type { JobQueue } from '../queue/port.ts';
import { createExplain } from '../requests/failure.ts';
import { createIdempotency, type HandledEvent } from '../requests/idempotency.ts';
import type { Store } from '../store/port.ts';
import { openStore } from '../store/store.ts';
import { openChannels } from './channels.ts';
import type { Config } from './config.ts';
import { createDownloadLog } from './download-log.ts';
import { createChannelHandlers } from './handlers.ts';
import { createHealth } from './health.ts';
import { createHousekeeping } from './housekeeping.ts';
import { loadStyles } from './load-styles.ts';
import { createPresence } from './presence.ts';
import { createRunner } from './runner.ts';
import { adviseOnSpeed } from './speed-advice.ts';

const LOOSE = "other users of this machine may be able to read Easel's data: the file permissions could not be changed";

/** What a test composes differently. */
export interface AppParts {
  /** Instead of the web channel. */
  readonly ports?: readonly ChannelPort[];
  /** Instead of the engine in its own process; the app closes it. */
  readonly engine?: Engine;
  readonly log?: Log;
  /** Stands before the store of the data folder. */
  readonly wrapStore?: (store: Store) => Store;
}

/** The whole bot, over one data folder. */
export interface App {
  readonly queue: JobQueue;
  /** Where the web channel can be opened, final once started; undefined when it is not among the ports. */
  readonly url: string | undefined;
  /** What the channels have to say to whoever started the bot; once started. */
  readonly welcomes: readonly string[];
  /** Takes up what earlier processes left, then opens the channels. */
  start(): Promise<void>;
  /** Lets go of everything; jobs that run continue after the next start. */
  stop(): Promise<void>;
}

/**
 * Puts the bot together over one data folder, which it holds until `stop`.
 * @throws EaselError or EngineError with a sentence when the data folder or a model folder cannot be used.
 */
export async function createApp(config: Config, parts: AppParts = {}): Promise<App> {
  const log = parts.log ?? createLog(config.logLevel);
  const styles = loadStyles(config.stylesFile);
  const engine = parts.engine ?? createEngine({ modelSources: config.modelSources, ...config.execution });
  engine.onLost?.(({ cause, why, pid, tasks, device }) =>
    log.error(
      { cause, pid, tasks, ...(device !== undefined && { device }) },
      `the engine process ended: ${why}; the next task starts a new one`,
    ),
  );
  const description = await engine.describe();
  const { models, refused, advice = [], execution } = description;
  const samplerNotes = models.flatMap((model) => model.samplerNote ?? []);
  for (const sentence of [...refused, ...samplerNotes, ...advice, ...(execution?.passedOver ?? [])]) {
    const file = description.refusedFiles?.[sentence];
    log.warn(file === undefined ? {} : { file }, sentence);
  }
  const describeRecipe = createRecipeText(description);
  const loose = await tightenDataFolder(config.dataFolder);
  if (loose.length > 0) log.warn({ count: loose.length, first: loose[0] }, LOOSE);
  const opened = openStore(
    config.dataFolder,
    (picture) => encodePng(picture, describeRecipe(picture.recipe)),
    (job) => log.error({ job }, 'the record of an unfinished job is damaged; the job is skipped'),
  );
  const store = parts.wrapStore?.(opened) ?? opened;
  try {
    const { ports, web } = parts.ports === undefined ? await openChannels(config, store, log) : { ports: parts.ports };
    const renderer = createPictureRenderer(describeRecipe);
    const intake = createPictureIntake();
    const { queue, deliver, handlers, idempotency, explain } = compose({
      config,
      styles,
      description,
      store,
      ports,
      renderer,
      intake,
      log,
      engine,
    });
    const housekeeping = createHousekeeping({ store, idempotency, ports, retention: config.retention, log });
    return {
      queue,
      get url() {
        return web?.url;
      },
      get welcomes() {
        return ports.flatMap(({ welcome }) => welcome ?? []);
      },
      start: async () => {
        // Reading the weights takes seconds that the first person should not wait; if it fails, each job will say why.
        const { defaultModel } = description;
        const loading = engine.load(defaultModel, { onProgress: createDownloadLog(log, defaultModel) });
        loading.catch((error: unknown) => explain(error, { model: defaultModel }));
        void loading.then(() => adviseOnSpeed(engine, description, log)).catch(() => undefined);
        createPresence({ queue, ports, loading });
        await deliver.start();
        await queue.work(createRunner(engine, store));
        for (const port of ports) await port.start(handlers);
        housekeeping.start();
      },
      stop: async () => {
        intake.close();
        await housekeeping.stop();
        await queue.close();
        await deliver.stop();
        for (const port of ports) await port.stop();
        await engine.close();
        await store.close();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

interface Composition {
  readonly config: Config;
  readonly styles: readonly Style[];
  readonly description: EngineDescription;
  readonly store: Store;
  readonly ports: readonly ChannelPort[];
  readonly renderer: PictureRenderer;
  readonly intake: PictureIntake;
  readonly log: Log;
  readonly engine: Engine;
}

/** The rooms between the engine and the channels. */
function compose({ config, styles, description, store, ports, renderer, intake, log, engine }: Composition) {
  const folders = [...config.modelSources.map((folder) => resolve(folder)), resolve(config.dataFolder), homedir()];
  const explain = createExplain(log, folders);
  const lowMemory = config.execution.offload === true || config.execution.memoryLimit !== undefined;
  const queue = createLocalQueue({
    store,
    limits: config,
    roleWeights: config.roleWeights,
    modelWork: modelWorkOf(description),
    capacity: chooseCapacity({ ...config, lowMemory }, description),
    quotaLimits: {
      hour: config.hour,
      day: config.day,
      pictureCost: costOf({ kind: 'generate', spec: usualSpec(description) }),
    },
    explain: (error, job) => explain(error, { job: job.id }),
  });
  queue.onOutcome(({ kind, job }) => log.info({ job: job.id, attempts: job.attempts, code: job.failure?.code }, kind));
  const idempotency = createIdempotency(store.values<HandledEvent>('handled'));
  const deliver = createDeliver({ queue, jobs: store.jobs, pictures: store.pictures, ports, renderer, log });
  const context: CommandContext = {
    engine: describeToPeople(description, folders),
    defaults: {
      count: config.count,
      negative: config.negative,
      ...(config.speed !== undefined && { speed: config.speed }),
    },
    queue,
    settings: store.settings,
    styles,
    findJob: (jobId) => store.jobs.get(jobId),
    recipeCandidates: store.values('found'),
    gallery: (user, gallery) => store.jobs.gallery(user, gallery),
    setStar: async (job, user, isStarred) => {
      await store.jobs.update(job.id, (stored) => setStar(stored, user, isStarred));
    },
    runOnce: idempotency.run,
    showJob: createShowJob({ pictures: store.pictures, ports, renderer }),
    readPictureText: (picture, user) => intake.readRecipe(picture, userKey(user)),
    health: createHealth(queue, engine, config),
    deleteJob: (job) => deliver.deleteJob(job),
    loadPicture: async (source, user) => {
      const { png, width, height } = await intake.load(source, userKey(user));
      return { name: await store.inputs.put(png), width, height };
    },
    checkTask: (task) => engine.check(task),
    randomSeed: () => randomBytes(4).readUInt32LE(),
  };
  return { queue, deliver, handlers: createChannelHandlers(context, explain), idempotency, explain };
}

/** What people may be told of the engine: the operator reads in the log where its files lie. */
function describeToPeople(description: EngineDescription, folders: readonly string[]): EngineDescription {
  const tell = (sentences: readonly string[]) => sentences.map((sentence) => redactPaths(sentence, folders));
  const { refused, execution } = description;
  return {
    ...description,
    refused: tell(refused),
    ...(execution !== undefined && { execution: { ...execution, passedOver: tell(execution.passedOver) } }),
  };
}

/** The `parameters` text, with the model's title in the place of its id. */
function createRecipeText(description: EngineDescription): (recipe: PictureRecipe) => string {
  const titles = new Map(description.models.map((model) => [model.id, model.title]));
  return (recipe) => {
    const { model } = specOf(recipe);
    return formatParameters(recipe, titles.get(model) ?? model, description.execution?.precision);
  };
}

function createPictureRenderer(describeRecipe: (recipe: PictureRecipe) => string): PictureRenderer {
  return {
    grid: (pngs, job, numbered) => drawGrid(pngs, describeRecipe(job.task), { numbered }),
    preview: drawPreview,
    compress: async (png, quality, type) => {
      const encode = type === 'image/jpeg' ? encodeJpeg : encodeWebp;
      return encode(await decodePng(png), quality, await readParameters(png));
    },
  };
}
