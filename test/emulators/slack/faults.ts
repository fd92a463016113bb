/** What Slack is made to do wrong, or at its limits; a test changes it as it goes. */
export interface Faults {
  /** Calls of a method that fail in this way before the next one works. */
  readonly failures: Map<string, Failure[]>;
  /** Uploads that are said to be complete and are never looked at. */
  unprocessedUploads: number;
  /** Milliseconds until Slack has looked at an uploaded file. */
  processingMs: number;
  /** Posts with files that are refused although the files are ready. */
  refusedFileBlocks: number;
  /** Every envelope comes twice. */
  duplicateEnvelopes: boolean;
  /** Milliseconds that Slack waits for an acknowledgement before it delivers again. */
  acknowledgeWithinMs: number;
  /** Scopes that the app does not have, against its manifest. */
  readonly withheldScopes: Set<string>;
  /** The bot's token is no longer one. */
  isTokenRevoked: boolean;
  /** Calls of a method that are let through in a minute; Slack's own by default. */
  readonly callsPerMinute: Map<string, number>;
  /** Least milliseconds between posts in a channel; none by default, as tests have no time. */
  postIntervalMs: number;
}

export type Failure =
  | { readonly kind: 'error'; readonly code: string }
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'limited'; readonly retryAfterS: number }
  /** The call is done, and its answer comes late. */
  | { readonly kind: 'slow'; readonly ms: number }
  /** The call is done, and its answer is lost. */
  | { readonly kind: 'lost' };

export function createFaults(): Faults {
  return {
    failures: new Map(),
    unprocessedUploads: 0,
    processingMs: 20,
    refusedFileBlocks: 0,
    duplicateEnvelopes: false,
    acknowledgeWithinMs: 3000,
    withheldScopes: new Set(),
    isTokenRevoked: false,
    callsPerMinute: new Map(),
    postIntervalMs: 0,
  };
}
