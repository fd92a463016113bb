import { type Logger, LogLevel } from '@slack/bolt';
import type { Logger as Log } from 'pino';
import { redact } from './errors.ts';

/** Bolt's log lines in Easel's log, without the tokens, tickets and response URLs that Bolt writes into them. */
export function createBoltLogger(log: Log): Logger {
  const write = (level: 'debug' | 'info' | 'warn' | 'error') => {
    return (...parts: unknown[]) => {
      if (log.isLevelEnabled(level)) log[level](redact(parts.map(describe).join(' ')));
    };
  };
  return {
    debug: write('debug'),
    // Bolt's information is of use only to those who look for it.
    info: write('debug'),
    warn: write('warn'),
    error: write('error'),
    setLevel: () => undefined,
    getLevel: () => (log.isLevelEnabled('debug') ? LogLevel.DEBUG : LogLevel.WARN),
    setName: () => undefined,
  };
}

function describe(part: unknown): string {
  if (typeof part === 'string') return part;
  if (part instanceof Error) return `${part.name}: ${part.message}`;
  return JSON.stringify(part) ?? String(part);
}
