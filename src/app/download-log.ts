import type { Progress } from '../../engine/index.ts';
import type { Log } from '../lib/log.ts';

/** Lines of the log for one download. */
const LINES = 20;

/** Tells the log how far a model's download is: at its start, and at each twentieth. */
export function createDownloadLog(log: Log, model: string): (progress: Progress) => void {
  let told = -1;
  return ({ phase, step, steps }) => {
    if (phase !== 'downloading' || steps === 0) return;
    const line = Math.floor((step / steps) * LINES);
    if (line === told) return;
    told = line;
    log.info({ model, megabytes: step, of: steps }, 'downloading the model');
  };
}
