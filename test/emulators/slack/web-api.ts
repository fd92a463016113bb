import { z } from 'zod';
import type { Failure } from './faults.ts';
import { createLimits } from './limits.ts';
import { Arguments, type Method, type MethodContext, SlackRefusal } from './method.ts';
import { chatMethods } from './methods/chat.ts';
import { conversationMethods } from './methods/conversations.ts';
import { fileMethods } from './methods/files.ts';
import { otherMethods } from './methods/rest.ts';

export const BOT_TOKEN = 'xoxb-111111111111-222222222222-EmulatedBotToken0000';
export const APP_TOKEN = 'xapp-1-A0000000000-333333333333-emulatedapptoken0000';

const METHODS: Readonly<Record<string, Method>> = {
  ...chatMethods,
  ...conversationMethods,
  ...fileMethods,
  ...otherMethods,
};

export interface ApiCall {
  readonly method: string;
  readonly token: string | undefined;
  readonly args: Readonly<Record<string, string>>;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
  /** The connection ends before the answer is out. */
  readonly isLost?: boolean;
  readonly delayMs?: number;
}

/** Slack's Web API, strict: what Slack would only look away from is refused here. */
export interface WebApi {
  call(call: ApiCall): ApiAnswer;
  /** Every call that was made, in order, as `method` and its answer's error, if any. */
  readonly log: { readonly method: string; readonly error?: string }[];
}

export function createWebApi(context: () => MethodContext): WebApi {
  const limits = createLimits(context().faults);
  const log: { method: string; error?: string }[] = [];

  function authorize(method: Method, { token }: ApiCall, { faults, scopes }: MethodContext): void {
    if (token === undefined) throw new SlackRefusal('not_authed');
    const [wanted, other] = method.token === 'app' ? [APP_TOKEN, BOT_TOKEN] : [BOT_TOKEN, APP_TOKEN];
    if (token === other) throw new SlackRefusal('not_allowed_token_type');
    if (token !== wanted) throw new SlackRefusal('invalid_auth');
    if (faults.isTokenRevoked) throw new SlackRefusal('token_revoked');
    const lacks = method.scopes.length > 0 && !method.scopes.some((scope) => scopes.includes(scope));
    if (lacks) throw new SlackRefusal('missing_scope', [...method.scopes]);
  }

  function run({ method: name, args: values }: ApiCall, method: Method, context: MethodContext) {
    const args = new Arguments(values);
    const unknown = args.names().filter((given) => !method.takes.includes(given));
    if (unknown.length > 0) throw new SlackRefusal('invalid_arguments', [`${name} takes no ${unknown.join(', ')}`]);
    return method.run(args, context);
  }

  function answer(call: ApiCall, context: MethodContext): ApiAnswer {
    const method = METHODS[call.method];
    if (method === undefined) throw new SlackRefusal('unknown_method');
    const failure = context.faults.failures.get(call.method)?.shift();
    if (failure !== undefined && failure.kind !== 'lost' && failure.kind !== 'slow') return failed(failure);
    authorize(method, call, context);
    const retryAfter = limits.retryAfter(call.method, method.perMinute, call.args.channel);
    if (retryAfter !== undefined) return failed({ kind: 'limited', retryAfterS: retryAfter });
    const result = run(call, method, context);
    const headers = { 'x-oauth-scopes': context.scopes.join(',') };
    const delay = failure?.kind === 'slow' ? { delayMs: failure.ms } : {};
    return { status: 200, headers, body: { ok: true, ...result }, isLost: failure?.kind === 'lost', ...delay };
  }

  function guarded(call: ApiCall): ApiAnswer {
    try {
      return answer(call, context());
    } catch (error) {
      if (error instanceof z.ZodError) return refused(new SlackRefusal('invalid_arguments', [error.message]));
      if (error instanceof SlackRefusal) return refused(error);
      throw error;
    }
  }

  return {
    log,
    call: (call) => {
      const answered = guarded(call);
      const { error } = answered.body;
      log.push({ method: call.method, ...(typeof error === 'string' && { error }) });
      return answered;
    },
  };
}

function refused({ code, details }: SlackRefusal): ApiAnswer {
  const needed = code === 'missing_scope' ? { needed: details.join(','), provided: '' } : {};
  const body = { ok: false, error: code, ...needed, response_metadata: { messages: details } };
  return { status: 200, headers: {}, body };
}

function failed(failure: Exclude<Failure, { kind: 'lost' | 'slow' }>): ApiAnswer {
  switch (failure.kind) {
    case 'error':
      return refused(new SlackRefusal(failure.code));
    case 'status':
      return { status: failure.status, headers: {}, body: { error: `status ${failure.status}` } };
    case 'limited':
      return {
        status: 429,
        headers: { 'retry-after': String(failure.retryAfterS) },
        body: { ok: false, error: 'ratelimited' },
      };
  }
}
