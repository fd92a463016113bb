import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/app/config.ts';

const SLACK_BOT_TOKEN = 'xoxb-1-2-secretive';
const SLACK_APP_TOKEN = 'xapp-1-A-3-secretive';

describe('the configuration for Slack', () => {
  it('is Socket Mode with two tokens, HTTP with a signing secret, and none without', () => {
    expect(readConfig({})).not.toHaveProperty('slack');
    expect(readConfig({ SLACK_BOT_TOKEN, SLACK_APP_TOKEN }).slack).toEqual({
      botToken: SLACK_BOT_TOKEN,
      delivery: { kind: 'socket', appToken: SLACK_APP_TOKEN },
    });
    expect(readConfig({ SLACK_BOT_TOKEN, SLACK_SIGNING_SECRET: 's' }).slack?.delivery).toEqual({
      kind: 'http',
      signingSecret: 's',
      host: '127.0.0.1',
      port: 3001,
    });
  });

  it.each([
    [{ SLACK_BOT_TOKEN }, /^SLACK_BOT_TOKEN is set, and Slack also needs SLACK_APP_TOKEN \(xapp-…\), or/],
    [{ SLACK_APP_TOKEN }, /^SLACK_APP_TOKEN is set, and Slack also needs SLACK_BOT_TOKEN \(xoxb-…\); set it, or unset/],
    [{ SLACK_SIGNING_SECRET: 's' }, /^SLACK_SIGNING_SECRET is set, and Slack also needs SLACK_BOT_TOKEN/],
    [
      { SLACK_BOT_TOKEN: SLACK_APP_TOKEN, SLACK_APP_TOKEN: SLACK_BOT_TOKEN },
      /^SLACK_BOT_TOKEN must begin with xoxb-; .*\nSLACK_APP_TOKEN must begin with xapp-/,
    ],
    [{ SLACK_BOT_TOKEN, SLACK_APP_TOKEN, SLACK_API_URL: 'slack' }, /^SLACK_API_URL must be a web address/],
  ])('says in a sentence what is missing, and never what a token is: %#', (env, sentence) => {
    expect(() => readConfig(env)).toThrow(sentence);
    expect(() => readConfig(env)).not.toThrow(/secretive/);
  });
});
