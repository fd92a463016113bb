/** The bot as src/main.ts starts it, but for an engine that counts as hung after `CHAOS_STALL_MS` milliseconds. */
import { createEngine } from '../../../engine/index.ts';
import { createApp } from '../../../src/app/app.ts';
import { readConfig } from '../../../src/app/config.ts';

const config = readConfig(process.env);
const silenceMs = Number(process.env.CHAOS_STALL_MS);
const engine = createEngine({ modelSources: config.modelSources, ...config.execution, stall: { silenceMs } });
const app = await createApp(config, { engine });
process.once('SIGTERM', () => void app.stop().then(() => process.exit(0)));
await app.start();
process.stdout.write(`Easel is running at ${app.url}\n`);
