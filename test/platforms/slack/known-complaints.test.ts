import { randomBytes } from 'node:crypto';
import sharp from 'sharp';
import { afterEach, describe, expect, it } from 'vitest';
import { type Engine, EngineError } from '../../../engine/index.ts';
import { decodeExifComment } from '../../../src/image/exif-comment.ts';
import { renderModal } from '../../../src/platforms/slack/modal.ts';
import { createControlledEngine } from '../../doubles/controlled-engine.ts';
import { createInstantEngine } from '../../doubles/instant-engine.ts';
import { createBlockChecker } from '../../emulators/slack/check-blocks.ts';
import { createFaults } from '../../emulators/slack/faults.ts';
import { messagesVisibleTo } from '../../emulators/slack/visible-message.ts';
import { ADA, BOB, createWorkspace, type Message, type Person } from '../../emulators/slack/workspace.ts';
import { openSlackFixture, PATIENCE, type SlackFixture, type SlackFixtureOptions } from './slack-fixture.ts';

/**
 * As far as Slack can suffer it, and where no other test beside this one is about it: 2 and 12 in connection-and-faults.test.ts, 8 in safe-text.test.ts, 9 in typed-commands.test.ts, 18 in real-engine.test.ts, 19 in connection-and-faults.test.ts.
 */
describe('what users of such bots complain of, on Slack', () => {
  let fixture: SlackFixture;
  const open = async (options: SlackFixtureOptions = {}) => {
    fixture = await openSlackFixture({ ...options, env: { EASEL_COUNT: '1', ...options.env } });
  };
  afterEach(() => fixture?.close());

  const messages = (person: Person = ADA) => messagesVisibleTo(fixture.slack, { person });
  const seen = (index: number) => fixture.visible(messages()[index]);
  const message = (index: number): Message => {
    const found = messages()[index];
    if (found === undefined) throw new Error(`no message ${index}`);
    return found;
  };
  const isDone = (index = 0) => expect.poll(() => seen(index)?.pictures, PATIENCE).toHaveLength(1);

  it('1: a picture that took longer than any answer may take is posted all the same', async () => {
    const engine = createControlledEngine();
    await open({ engine: () => engine });
    await fixture.slack.actions.command('/imagine a fox');
    const run = await engine.begun(0);
    fixture.slack.actions.expireResponses();
    run.finish();
    await isDone();
  });

  it('4: buttons work after a restart', async () => {
    await open();
    await fixture.slack.actions.command('/imagine a fox');
    await isDone();
    await fixture.restart();
    await fixture.slack.actions.press(message(0), '🔄');
    await isDone(1);
  });

  it('5: what was waiting goes on after a restart, in its own message, once', async () => {
    let engine = createControlledEngine();
    await open({ engine: () => engine });
    await fixture.slack.actions.command('/imagine a fox');
    await fixture.slack.actions.command('/imagine a hare', { person: BOB });
    await expect.poll(() => messages().length, PATIENCE).toBe(2);
    engine = createControlledEngine({ atOnce: true });
    await fixture.restart();
    await isDone(0);
    await isDone(1);
    expect(messages()).toHaveLength(2);
    expect(engine.runs).toHaveLength(2);
    await fixture.restart();
    expect(engine.runs).toHaveLength(2);
  });

  it('6: a model that cannot be read is told, not waited for', async () => {
    await open();
    await fixture.slack.actions.command('/imagine trouble');
    await expect.poll(() => seen(0)?.text, PATIENCE).toContain('(failed)\nunet.safetensors is cut short; download it');
    expect(seen(0)?.buttons).toEqual([expect.stringContaining('🔄')]);
  });

  it('7: a picture that is too large is sent smaller, in a form that Slack shows, with its recipe', async () => {
    await open({ maxAttachmentBytes: 190_000, engine: noisyEngine });
    await fixture.slack.actions.command('/imagine a fox --size 256x256 --seed 3');
    await isDone();
    const file = [...fixture.slack.workspace.files.values()].at(-1);
    expect(file).toMatchObject({ mimetype: 'image/jpeg', name: expect.stringMatching(/\.jpg$/) as string });
    const { exif } = await sharp(file?.data).metadata();
    expect(decodeExifComment(exif ?? new Uint8Array())).toMatch(/^a fox\nSteps: 3, .*Seed: 3,/);
  });

  it('10: an engine that gives up fails one picture, and the next is drawn', async () => {
    const engine = createControlledEngine();
    await open({ engine: () => engine });
    await fixture.slack.actions.command('/imagine a fox');
    (await engine.begun(0)).fail(new EngineError('bad_request', 'That is not possible.'));
    await expect.poll(() => seen(0)?.text, PATIENCE).toContain('(failed)');
    await fixture.slack.actions.command('/imagine a hare');
    (await engine.begun(1)).finish();
    await isDone(1);
  });

  it('11: V2 varies the second picture', async () => {
    const engine = createInstantEngine();
    await open({ env: { EASEL_COUNT: '4' }, engine: () => engine });
    await fixture.slack.actions.command('/imagine a fox --seed 40');
    await isDone();
    await fixture.slack.actions.press(message(0), 'V2');
    await isDone(1);
    expect(seen(1)?.text).toContain('seed 41, varied');
  });

  it('13: a call that hangs holds up nobody else', async () => {
    await open();
    fixture.slack.faults.failures.set('files.getUploadURLExternal', [{ kind: 'slow', ms: 8000 }]);
    await fixture.slack.actions.command('/imagine a fox');
    await fixture.slack.actions.command('/imagine a hare', { person: BOB });
    await expect.poll(() => seen(1)?.pictures, PATIENCE).toEqual(['Picture: a hare']);
    expect(seen(0)?.pictures).toEqual([]);
  });

  it('14: requests wait in line, and each says its place', async () => {
    const engine = createControlledEngine();
    await open({ engine: () => engine });
    for (const colour of ['red', 'blue', 'green']) await fixture.slack.actions.command(`/imagine a ${colour} fox`);
    await expect.poll(() => seen(2)?.text, PATIENCE).toContain('(waiting, 2nd in the queue');
    await fixture.slack.actions.press(message(1), '❌');
    await expect.poll(() => seen(1)?.text, PATIENCE).toContain('(cancelled)');
    await expect.poll(() => seen(2)?.text, PATIENCE).toContain('(waiting, 1st in the queue');
    (await engine.begun(0)).finish();
    (await engine.begun(1)).finish();
    await isDone(2);
  });

  it('17: 0 is a value, and an unknown flag is not dropped', async () => {
    await open();
    await fixture.slack.actions.command('/imagine a fox --seed 0 --guidance 0');
    await expect.poll(() => seen(0)?.text, PATIENCE).toMatch(/seed 0 .*guidance 0 /);
    await fixture.slack.actions.command('/imagine a fox --colour red');
    await expect.poll(() => seen(1)?.text, PATIENCE).toContain('`--colour` is not an option');
  });
});

describe('what a form may hold', () => {
  const checkBlocks = createBlockChecker(createWorkspace(), createFaults());
  const form = (choices: readonly string[], value = '') => ({
    id: 'form:v1:test',
    title: 'A title that is far longer than Slack takes',
    submitLabel: 'Draw',
    fields: [{ name: 'style', label: 'Style', kind: 'choice' as const, value, required: false, choices }],
  });
  const kindOf = (choices: readonly string[]) => {
    const view = renderModal(form(choices), { channelId: 'C1' });
    checkBlocks(view, 'modal');
    const [block] = view.blocks;
    return block !== undefined && 'element' in block ? block.element?.type : undefined;
  };

  it('16: more choices than a menu takes become a line to type in', () => {
    expect(kindOf(['a', 'b'])).toBe('static_select');
    expect(kindOf(Array.from({ length: 100 }, (_, index) => `style ${index}`))).toBe('static_select');
    expect(kindOf(Array.from({ length: 101 }, (_, index) => `style ${index}`))).toBe('plain_text_input');
    expect(kindOf(['x'.repeat(200)])).toBe('plain_text_input');
  });
});

/** Pictures of which a PNG is as large as their pixels. */
function noisyEngine(): Engine {
  const painted = createInstantEngine();
  return {
    ...painted,
    run: async (task, options) => {
      const result = await painted.run(task, options);
      const pictures = result.pictures.map((picture) => ({
        ...picture,
        rgb: new Uint8Array(randomBytes(picture.rgb.length)),
      }));
      return { ...result, pictures };
    },
  };
}
