import type { WebApi } from './web-api.ts';

/** Who the bot token is. */
export interface Identity {
  readonly botUserId: string;
  readonly botId: string;
  /** Without the @. */
  readonly botName: string;
  readonly teamId: string;
  readonly team: string;
  /** Where the workspace's pages are, with a slash at the end; "" when Slack does not say. */
  readonly url: string;
  /** What the token may do. */
  readonly scopes: readonly string[];
}

/**
 * Asks Slack once; a failure is forgotten. @throws SlackTroubleError
 * @param onKnown told when it has answered
 */
export function createIdentity(api: WebApi, onKnown: (identity: Identity) => void): () => Promise<Identity> {
  let known: Promise<Identity> | undefined;

  async function ask(): Promise<Identity> {
    const { user_id, user, bot_id, team_id, team, url, response_metadata } = await api.run('auth.test', (client) =>
      client.auth.test(),
    );
    const identity = {
      botUserId: user_id ?? '',
      botId: bot_id ?? '',
      botName: user ?? 'easel',
      teamId: team_id ?? '',
      team: team ?? '',
      url: url ?? '',
      scopes: response_metadata?.scopes ?? [],
    };
    onKnown(identity);
    return identity;
  }

  return () => {
    known ??= ask().catch((error: unknown) => {
      known = undefined;
      throw error;
    });
    return known;
  };
}
