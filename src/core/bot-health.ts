import type { DeviceStatus } from '../../engine/index.ts';
import type { Job } from './job.ts';

/** What `/info` says of the bot itself. */
export interface BotHealth {
  readonly version: string;
  /** Milliseconds since the bot was started. */
  readonly uptimeMs: number;
  /** Resident bytes of the bot's own process. */
  readonly memoryBytes: number;
  /** Resident bytes of the engine's process; absent while there is none, or before its first report. */
  readonly engineBytes?: number;
  /** Where several devices draw. */
  readonly devices?: readonly DeviceStatus[];
  /** The last job that was rendered, and how long that took, in milliseconds. */
  readonly lastRender?: { readonly job: Job; readonly tookMs: number };
  /** How many jobs may wait: of one person, and of everyone together. */
  readonly limits: { readonly maxWaitingPerUser: number; readonly maxWaiting: number };
}
