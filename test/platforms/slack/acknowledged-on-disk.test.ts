import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BOB } from '../../emulators/slack/workspace.ts';
import { openSlackFixture, type SlackFixture } from './slack-fixture.ts';

/** Milliseconds that Slack takes to say who asks, without which nothing can be noted. */
const SLOW_MS = 400;
const STUCK_MS = 8000;

describe('what people ask for on Slack', () => {
  let fixture: SlackFixture;
  beforeEach(async () => {
    fixture = await openSlackFixture();
  });
  afterEach(() => fixture.close());

  it('is acknowledged once it is on disk: a bot that is killed before is given it again', async () => {
    fixture.slack.faults.failures.set('users.info', [{ kind: 'slow', ms: SLOW_MS }]);
    const { ackMs, attempts } = await fixture.slack.actions.command('/imagine a hare', { person: BOB });
    expect(ackMs).toBeGreaterThanOrEqual(SLOW_MS);
    expect(attempts).toBe(1);
  });

  it('is acknowledged in time all the same where that takes long', async () => {
    fixture.slack.faults.failures.set('users.info', [{ kind: 'slow', ms: STUCK_MS }]);
    const { ackMs } = await fixture.slack.actions.command('/imagine a hare', { person: BOB });
    expect(ackMs).toBeLessThan(STUCK_MS / 2);
  });
});
