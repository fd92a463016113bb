/** Errors with a message for users: one sentence each. */
export class EaselError extends Error {
  override readonly name: string = 'EaselError';
  /** For logs and tests: `limit_waiting`, `bad_option`. */
  readonly code: string;
  /** One sentence: what was wrong and what to do. */
  readonly userMessage: string;
  readonly retryable: boolean;

  constructor(
    code: string,
    userMessage: string,
    options: { readonly retryable?: boolean; readonly cause?: unknown } = {},
  ) {
    super(userMessage, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.userMessage = userMessage;
    this.retryable = options.retryable ?? false;
  }
}

/** The user's input is invalid. */
export class BadInputError extends EaselError {
  override readonly name = 'BadInputError';
}
