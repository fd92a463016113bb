import type { Platform } from '../core/user.ts';
import type { Log } from '../log.ts';
import type { ChannelPort } from '../platforms/port.ts';
import { type Courier, createCourier } from './courier.ts';

/** A platform, and who carries messages to it. */
export interface Connection {
  readonly port: ChannelPort;
  readonly courier: Courier;
}

export interface Connections {
  /** Undefined when the platform is not connected now; the log says so once. */
  to(platform: Platform): Connection | undefined;
  stop(): void;
}

export interface ConnectionOptions {
  readonly ports: readonly ChannelPort[];
  readonly log: Log;
  readonly firstPauseMs?: number;
  readonly callLimitMs?: number;
}

const DEFAULT_MAX_CALLS = 16;

export function connect({ ports, log, ...pauses }: ConnectionOptions): Connections {
  const connections = new Map<Platform, Connection>();
  const missed = new Set<Platform>();
  for (const port of ports) {
    const { platform, capabilities } = port;
    const onChange = (isDown: boolean) => {
      if (isDown) log.warn({ platform }, 'the platform takes no messages; they are kept, and tried again');
      else log.info({ platform }, 'the platform takes messages again');
    };
    const { firstPauseMs, callLimitMs } = pauses;
    const courier = createCourier({
      maxCalls: capabilities.maxCalls ?? DEFAULT_MAX_CALLS,
      onChange,
      ...(firstPauseMs !== undefined && { firstPauseMs }),
      ...(callLimitMs !== undefined && { callLimitMs }),
    });
    connections.set(platform, { port, courier });
  }
  return {
    to: (platform) => {
      const connection = connections.get(platform);
      if (connection === undefined && !missed.has(platform)) {
        missed.add(platform);
        log.warn({ platform }, 'jobs came from a platform that is not connected now; they are delivered when it is');
      }
      return connection;
    },
    stop: () => {
      for (const { courier } of connections.values()) courier.stop();
    },
  };
}
