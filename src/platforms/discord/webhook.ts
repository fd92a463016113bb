import { type APIMessage, type RawFile, type REST, Routes } from 'discord.js';
import { isTokenRefused, toRequestError } from './errors.ts';
import type { Outgoing } from './render.ts';

const CALL_LIMIT_MS = 30_000;

/** Where an interaction's token leads; whoever knows it may write there until it dies. */
export interface WebhookAddress {
  readonly applicationId: string;
  readonly token: string;
}

/**
 * What can be said, and changed of what was said, by an interaction's token. A token is never used again after Discord
 * has refused it.
 */
export interface Webhook {
  /** The token works, as far as is known. */
  readonly isOpen: boolean;
  /** The token is known to be of no use. */
  close(): void;
  /** A new message. Undefined when the token is refused, as from the others. @throws DiscordTroubleError */
  post(message: Outgoing): Promise<APIMessage | undefined>;
  /** What the token calls its original. @throws DiscordTroubleError */
  fetchOriginal(): Promise<APIMessage | undefined>;
  /** @param messageId undefined for the original @throws DiscordTroubleError */
  edit(messageId: string | undefined, message: Outgoing): Promise<APIMessage | undefined>;
  /** @returns false when the token is refused @throws DiscordTroubleError */
  delete(messageId: string | undefined): Promise<boolean>;
}

/** @param rest must not try again by itself */
export function createWebhook(rest: REST, { applicationId, token }: WebhookAddress): Webhook {
  const route = (messageId?: string) => Routes.webhookMessage(applicationId, token, messageId);
  let isOpen = true;

  async function byToken<Result>(call: (common: CallOptions) => Promise<unknown>): Promise<Result | undefined> {
    if (!isOpen) return undefined;
    try {
      return (await call({ auth: false, signal: AbortSignal.timeout(CALL_LIMIT_MS) })) as Result;
    } catch (error) {
      const requestError = toRequestError(error);
      if (!isTokenRefused(requestError)) throw requestError;
      isOpen = false;
      return undefined;
    }
  }

  return {
    get isOpen() {
      return isOpen;
    },
    close: () => {
      isOpen = false;
    },
    post: (message) => {
      const query = new URLSearchParams({ wait: 'true' });
      return byToken((common) =>
        rest.post(Routes.webhook(applicationId, token), { ...common, ...sent(message), query }),
      );
    },
    fetchOriginal: () => byToken((common) => rest.get(route(), common)),
    edit: (messageId, message) => byToken((common) => rest.patch(route(messageId), { ...common, ...sent(message) })),
    delete: async (messageId) => {
      await byToken((common) => rest.delete(route(messageId), common));
      return isOpen;
    },
  };
}

interface CallOptions {
  readonly auth: false;
  readonly signal: AbortSignal;
}

function sent({ body, files }: Outgoing): { readonly body: object; readonly files: RawFile[] } {
  return { body, files };
}
