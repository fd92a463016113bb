import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { createWebPort } from '../../../src/platforms/web/index.ts';
import { createFakeHandlers } from './fake-handlers.ts';
import { TEST_ACTIONS, TEST_COMMANDS } from './test-commands.ts';

/** The web channel before the dispatch double, in a process of its own that can be killed. Prints its address. */
const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    port: { type: 'string', default: '0' },
    step: { type: 'string', default: '20' },
  },
});
if (values.data === undefined) throw new Error('usage: fake-server.ts --data FOLDER [--port N] [--step MS]');
const port = createWebPort({
  host: '127.0.0.1',
  port: Number(values.port),
  dataFolder: values.data,
  log: pino({ level: 'silent' }),
  commands: TEST_COMMANDS,
  messageActions: TEST_ACTIONS,
  permissions: { isModerator: false, isAgeRestricted: false },
});
const fake = createFakeHandlers(() => port, { stepMs: Number(values.step) });
await port.start(fake);
process.stdout.write(`${port.url}\n`);
