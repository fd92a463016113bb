import type { BlockChecker } from './check-blocks.ts';
import { type Block, BOT, type Workspace } from './workspace.ts';

const LIFETIME_MS = 30 * 60_000;
const USES = 5;

/** Response URLs: for 30 minutes and 5 times the app may answer where something was done, member or not. */
export interface Responses {
  give(channelId: string, userId: string): string;
  /** False when it is too late, was used too often, or says what Slack does not take. */
  take(id: string, body: string): boolean;
  /** Lets time pass: all that were given are too old. */
  expireAll(): void;
}

interface Given {
  readonly channelId: string;
  readonly userId: string;
  until: number;
  usesLeft: number;
}

export function createResponses(parts: {
  readonly workspace: Workspace;
  readonly checkBlocks: BlockChecker;
  readonly url: () => string;
}): Responses {
  const { workspace, checkBlocks, url } = parts;
  const given = new Map<string, Given>();

  function show({ channelId, userId }: Given, said: Readonly<Record<string, unknown>>): void {
    const { text, blocks = [], response_type, thread_ts } = said;
    checkBlocks(blocks, 'message');
    const message = {
      channel: channelId,
      ts: workspace.nextTs(),
      user: BOT.id,
      text: typeof text === 'string' ? text : '',
      blocks: blocks as Block[],
      isEdited: false,
      ...(response_type !== 'in_channel' && { onlyFor: userId }),
      ...(typeof thread_ts === 'string' && { threadTs: thread_ts }),
    };
    workspace.messages.push(message);
    workspace.keep(message);
  }

  return {
    give: (channelId, userId) => {
      const id = workspace.nextId('R');
      given.set(id, { channelId, userId, until: Date.now() + LIFETIME_MS, usesLeft: USES });
      return `${url()}/response/${id}`;
    },
    take: (id, body) => {
      const one = given.get(id);
      if (one === undefined || one.usesLeft === 0 || one.until < Date.now()) return false;
      try {
        show(one, JSON.parse(body) as Readonly<Record<string, unknown>>);
      } catch {
        return false;
      }
      one.usesLeft -= 1;
      return true;
    },
    expireAll: () => {
      for (const one of given.values()) one.until = 0;
    },
  };
}
