/** Trouble that a person can be told about: one family, one sentence each. */
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

/** What a person typed or pressed cannot be done as it stands. */
export class BadInputError extends EaselError {
  override readonly name = 'BadInputError';
}
