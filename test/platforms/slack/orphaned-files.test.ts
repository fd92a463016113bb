import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createControlledEngine } from '../../doubles/controlled-engine.ts';
import { messagesVisibleTo } from '../../emulators/slack/visible-message.ts';
import { ADA } from '../../emulators/slack/workspace.ts';
import { openSlackFixture, PATIENCE, type SlackFixture } from './slack-fixture.ts';

let fixture: SlackFixture;
let engine = createControlledEngine();
beforeEach(async () => {
  engine = createControlledEngine();
  fixture = await openSlackFixture({ env: { EASEL_COUNT: '1' }, engine: () => engine });
});
afterEach(() => fixture.close());

const seen = (index = 0, channel = 'CART') => fixture.visible(messagesVisibleTo(fixture.slack, { channel })[index]);
const names = () => [...fixture.slack.workspace.files.values()].map(({ name }) => name.replace(/easel-\w+/, 'easel'));
const isDone = () => expect.poll(() => seen()?.text, PATIENCE).toContain('seed');

async function restart(): Promise<void> {
  engine = createControlledEngine({ atOnce: true });
  await fixture.restart();
}
async function draw(): Promise<void> {
  await fixture.slack.actions.command('/imagine a fox');
  (await engine.begun(0)).finish();
  await isDone();
}

describe('a file in Slack that nothing shows any more', () => {
  it('is deleted by the next process: the preview of a picture that was being drawn', async () => {
    await fixture.slack.actions.command('/imagine a fox');
    (await engine.begun(0)).step(3, 10, true);
    await expect.poll(() => seen()?.pictures, PATIENCE).toEqual(['Preview: a fox']);
    expect(fixture.files.size).toBe(1);
    await restart();
    await isDone();
    await expect.poll(names, PATIENCE).toEqual(['easel.png']);
    await expect.poll(() => fixture.files.size, PATIENCE).toBe(0);
  });

  it('is deleted by the next process: a finished picture that could not be put into its message', async () => {
    await fixture.slack.actions.command('/imagine a fox');
    const run = await engine.begun(0);
    await expect.poll(() => seen()?.text, PATIENCE).toContain('a fox');
    const never = Array.from({ length: 500 }, () => ({ kind: 'error', code: 'fatal_error' }) as const);
    fixture.slack.faults.failures.set('chat.update', never);
    run.finish();
    await expect.poll(names, PATIENCE).toEqual(['easel.png']);
    const [before] = fixture.slack.workspace.files.keys();
    await restart();
    fixture.slack.faults.failures.clear();
    await expect.poll(() => seen()?.text, { timeout: 20_000 }).toContain('seed');
    await expect.poll(names, PATIENCE).toEqual(['easel.png']);
    expect([...fixture.slack.workspace.files.keys()]).not.toContain(before);
    expect(seen()?.pictures).toEqual(['Picture: a fox']);
  }, 40_000);

  it('is deleted by the next process: a picture that was shown to one person for the moment', async () => {
    await draw();
    await restart();
    await fixture.slack.actions.command('/easel show');
    await expect.poll(() => seen(1)?.pictures, PATIENCE).toHaveLength(1);
    expect(names()).toEqual(['easel.png', 'easel.png']);
    const [lasting] = fixture.slack.workspace.files.keys();
    await restart();
    await expect.poll(() => [...fixture.slack.workspace.files.keys()], PATIENCE).toEqual([lasting]);
    expect(fixture.files.size).toBe(0);
  });

  it('is deleted at once when its message is gone', async () => {
    await fixture.slack.actions.command('/imagine a fox');
    const run = await engine.begun(0);
    await expect.poll(() => seen()?.text, PATIENCE).toContain('a fox');
    fixture.slack.workspace.messages.splice(0);
    run.finish();
    await expect.poll(() => fixture.log.join(''), PATIENCE).toContain('the message was deleted; the result is kept');
    await expect.poll(names, PATIENCE).toEqual([]);
    await expect.poll(() => fixture.files.size, PATIENCE).toBe(0);
  });

  it('is deleted later when Slack does not let it be deleted now', async () => {
    await fixture.slack.actions.command('/imagine a fox');
    const run = await engine.begun(0);
    run.step(3, 10, true);
    await expect.poll(() => seen()?.pictures, PATIENCE).toEqual(['Preview: a fox']);
    const failing = Array.from({ length: 5 }, () => ({ kind: 'error', code: 'no_permission' }) as const);
    fixture.slack.faults.failures.set('files.delete', failing);
    run.finish();
    await isDone();
    expect(names()).toEqual(['easel-preview.png', 'easel.png']);
    await expect.poll(() => fixture.slack.faults.failures.get('files.delete')?.length, PATIENCE).toBe(4);
    fixture.slack.faults.failures.clear();
    await restart();
    await expect.poll(names, PATIENCE).toEqual(['easel.png']);
  });
});

describe('a file in Slack that a message shows', () => {
  it('outlasts restarts, also one in direct messages', async () => {
    await draw();
    const direct = fixture.slack.workspace.directChannel(ADA.id).id;
    await restart();
    await fixture.slack.actions.openHome();
    await expect.poll(() => fixture.slack.workspace.homes.size, PATIENCE).toBe(1);
    await fixture.slack.actions.pressAtHome('Show');
    await expect.poll(() => seen(0, direct)?.pictures, PATIENCE).toHaveLength(1);
    await expect.poll(() => fixture.files.size, PATIENCE).toBe(0);
    await restart();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(names()).toEqual(['easel.png', 'easel.png']);
  });
});
