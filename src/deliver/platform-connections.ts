import type { Platform } from '../core/user.ts';
import type { Log } from '../lib/log.ts';
import type { ChannelPort } from '../platforms/port.ts';
import { createPlatformSender, type PlatformSender } from './platform-sender.ts';

/** A platform, and who carries messages to it. */
export interface PlatformConnection {
  readonly port: ChannelPort;
  readonly sender: PlatformSender;
}

/** The connected platforms, one sender each. */
export interface PlatformConnections {
  /** Undefined when the platform is not connected now; the log says so once. */
  to(platform: Platform): PlatformConnection | undefined;
  stop(): void;
}

/** See `DeliverOptions`. */
export interface PlatformConnectionOptions {
  readonly ports: readonly ChannelPort[];
  readonly log: Log;
  /** See `PlatformSenderOptions`. @default 1000 */
  readonly firstPauseMs?: number;
  readonly callLimitMs?: number;
}

const DEFAULT_MAX_CALLS = 16;

/** One sender for each port. */
export function connect({ ports, log, ...pauses }: PlatformConnectionOptions): PlatformConnections {
  const connections = new Map<Platform, PlatformConnection>();
  const missed = new Set<Platform>();
  for (const port of ports) {
    const { platform, capabilities } = port;
    const onChange = (isDown: boolean) => {
      if (isDown) log.warn({ platform }, 'the platform accepts no messages; Easel keeps them and tries again');
      else log.info({ platform }, 'the platform accepts messages again');
    };
    const { firstPauseMs, callLimitMs } = pauses;
    const sender = createPlatformSender({
      maxCalls: capabilities.maxCalls ?? DEFAULT_MAX_CALLS,
      onChange,
      ...(firstPauseMs !== undefined && { firstPauseMs }),
      ...(callLimitMs !== undefined && { callLimitMs }),
    });
    connections.set(platform, { port, sender });
  }
  return {
    to: (platform) => {
      const connection = connections.get(platform);
      if (connection === undefined && !missed.has(platform)) {
        missed.add(platform);
        log.warn(
          { platform },
          'some jobs belong to a platform that is not connected; they are delivered when it connects',
        );
      }
      return connection;
    },
    stop: () => {
      for (const { sender } of connections.values()) sender.stop();
    },
  };
}
