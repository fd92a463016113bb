import { whenNpmIsGone } from './app/npm-parent.ts';
import { runBot } from './app/run-bot.ts';

await runBot(whenNpmIsGone(process.env));
