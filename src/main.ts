import { whenNpmIsGone } from './npm-parent.ts';
import { runBot } from './run-bot.ts';

await runBot(whenNpmIsGone(process.env));
