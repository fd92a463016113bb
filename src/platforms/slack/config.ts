import { z } from 'zod';
import { EaselError } from '../../core/errors.ts';
import { secret } from '../../lib/secret.ts';

/** What Slack needs of the environment. */
export interface SlackConfig {
  /** Begins with `xoxb-`. */
  readonly botToken: string;
  /** A socket that Easel opens, or requests that Slack sends to a port of Easel's. */
  readonly delivery:
    | { readonly kind: 'socket'; readonly appToken: string }
    | { readonly kind: 'http'; readonly signingSecret: string; readonly host: string; readonly port: number };
  /** Another Slack than slack.com's. */
  readonly apiUrl?: string;
}

const APP_PAGE = "it is on the app's page at api.slack.com/apps";
const MAX_PORT = 65_535;

/** Never quoted in a sentence. */
const token = (prefix: string, where: string) =>
  secret()
    .startsWith(prefix, { error: `must begin with ${prefix}; ${APP_PAGE} under ${where}` })
    .optional();

/** The variables of Slack, none of which has to be set. */
export const SLACK_ENVIRONMENT = {
  SLACK_BOT_TOKEN: token('xoxb-', 'OAuth & Permissions'),
  SLACK_APP_TOKEN: token('xapp-', 'Basic Information'),
  SLACK_SIGNING_SECRET: secret().min(1, `is empty; ${APP_PAGE} under Basic Information`).optional(),
  SLACK_HOST: z.string().trim().min(1, 'is empty; give an address such as 127.0.0.1').default('127.0.0.1'),
  SLACK_PORT: z
    .string()
    .refine((typed) => /^\d{1,5}$/.test(typed) && Number(typed) <= MAX_PORT, {
      error: `must be a whole number from 0 to ${MAX_PORT}`,
    })
    .transform(Number)
    .default(3001),
  SLACK_API_URL: z.url({ error: 'must be a web address such as https://slack-gov.com/api/' }).optional(),
};

type SlackValues = z.output<z.ZodObject<typeof SLACK_ENVIRONMENT>>;

/**
 * Socket Mode when there is an app token, requests to a port of Easel's when there is a signing secret instead; nothing
 * when Easel is on no Slack.
 * @throws EaselError `bad_config` when half of what Slack needs is missing
 */
export function readSlack(values: SlackValues): { readonly slack?: SlackConfig } {
  const { SLACK_BOT_TOKEN: botToken, SLACK_APP_TOKEN: appToken, SLACK_SIGNING_SECRET: signingSecret } = values;
  if (botToken === undefined) {
    if (appToken === undefined && signingSecret === undefined) return {};
    throw missing(appToken === undefined ? 'SLACK_SIGNING_SECRET' : 'SLACK_APP_TOKEN', 'SLACK_BOT_TOKEN (xoxb-…)');
  }
  const apiUrl = values.SLACK_API_URL === undefined ? {} : { apiUrl: values.SLACK_API_URL };
  if (appToken !== undefined) return { slack: { botToken, delivery: { kind: 'socket', appToken }, ...apiUrl } };
  if (signingSecret === undefined) {
    throw missing('SLACK_BOT_TOKEN', 'SLACK_APP_TOKEN (xapp-…), or SLACK_SIGNING_SECRET for HTTP delivery');
  }
  const { SLACK_HOST: host, SLACK_PORT: port } = values;
  return { slack: { botToken, delivery: { kind: 'http', signingSecret, host, port }, ...apiUrl } };
}

function missing(given: string, lacking: string): EaselError {
  return new EaselError('bad_config', `${given} is set, and Slack also needs ${lacking}; set it, or unset ${given}.`);
}
