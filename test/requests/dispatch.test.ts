import { pino } from 'pino';
import { describe, expect, it, vi } from 'vitest';
import { EngineError } from '../../engine/index.ts';
import { BadInputError } from '../../src/core/errors.ts';
import type { ButtonRequest, CommandRequest } from '../../src/core/request.ts';
import type { DispatchResult } from '../../src/platforms/port.ts';
import { createDispatch } from '../../src/requests/dispatch.ts';
import { createExplain } from '../../src/requests/failure.ts';
import { textOf } from '../doubles/recording-channel.ts';
import { CHANNEL, ORDINARY, personNamed } from '../doubles/samples.ts';

const POSTED: DispatchResult = { kind: 'posted' };
const lines: string[] = [];
const log = pino({ level: 'info' }, { write: (line: string) => lines.push(line) });

const typed = (command: string, id = command): CommandRequest => ({
  ...{ kind: 'command', id, user: personNamed('Ada'), channel: CHANNEL, command, options: {}, text: '' },
  ...ORDINARY,
});
const pressed = (buttonId: string): ButtonRequest => ({
  ...{ kind: 'button', id: buttonId, user: personNamed('Ada'), channel: CHANNEL, buttonId },
  message: { channel: CHANNEL, messageId: '1' },
  pictures: [],
  ...ORDINARY,
});

function compose(run: (request: CommandRequest) => Promise<DispatchResult>) {
  const post = async () => POSTED;
  const commands = new Map([['imagine', run]]);
  return createDispatch({
    ...{ commands, buttons: post, forms: new Map(), messageActions: new Map(), shortcuts: new Map() },
    ...{ chooseCandidate: post, findJob: async () => undefined, explain: createExplain(log) },
  });
}

const answerOf = (result: DispatchResult) => (result.kind === 'private' ? textOf(result.reply) : result.kind);

describe('dispatch', () => {
  it('runs an event once, however often it is delivered, and gives the same answer', async () => {
    const run = vi.fn(async () => POSTED);
    const dispatch = compose(run);
    const [first, second] = [dispatch(typed('imagine', '1')), dispatch(typed('imagine', '1'))];
    expect(await first).toBe(await second);
    await dispatch(typed('imagine', '2'));
    expect(run).toHaveBeenCalledTimes(2);
  });

  it('keeps no pictures: what shows some is shown anew', async () => {
    const picture = {
      name: 'a.png',
      mediaType: 'image/png',
      data: new Uint8Array(8),
      width: 1,
      height: 1,
      alt: 'A',
    } as const;
    const shown: DispatchResult = {
      kind: 'private',
      reply: { state: 'info', lines: [], pictures: [picture], buttons: [] },
    };
    const run = vi.fn(async () => shown);
    const dispatch = compose(run);
    const [first, second] = [dispatch(typed('imagine', '1')), dispatch(typed('imagine', '1'))];
    expect(await first).toBe(await second);
    expect(run).toHaveBeenCalledTimes(1);
    expect(await dispatch(typed('imagine', '1'))).toBe(shown);
    expect(run).toHaveBeenCalledTimes(2);
  });

  it('tells the person alone what was wrong with their request', async () => {
    const dispatch = compose(async () => {
      throw new BadInputError('bad_option', 'Width must be a multiple of 8; try 512.');
    });
    expect(await dispatch(typed('imagine'))).toMatchObject({ kind: 'private', reply: { state: 'error' } });
    expect(answerOf(await dispatch(typed('imagine')))).toBe('Width must be a multiple of 8; try 512.');
  });

  it('passes on the engine’s sentences', async () => {
    const dispatch = compose(async () => {
      throw new EngineError('missing_file', 'models/sketch lacks unet/config.json; copy the folder again.');
    });
    expect(answerOf(await dispatch(typed('imagine')))).toBe(
      'models/sketch lacks unet/config.json; copy the folder again.',
    );
  });

  it('keeps the details of a bug in the log, under the reference the person is given', async () => {
    const dispatch = compose(async () => {
      throw new TypeError('secret internals');
    });
    const answer = answerOf(await dispatch(typed('imagine')));
    const [, reference] = /reference ([0-9a-f]{8})\.$/.exec(answer) ?? [];
    expect(answer).not.toContain('secret internals');
    expect(lines.find((line) => line.includes(`"reference":"${reference}"`))).toContain('secret internals');
  });

  it('answers what it does not know', async () => {
    const dispatch = compose(async () => POSTED);
    expect(answerOf(await dispatch(typed('paint')))).toContain('/paint is not a command');
    for (const id of ['', 'v1:explode:job1:0', 'v9:vary:job1:0', 'v1:vary:../../etc:0', 'v1:vary:job1:99']) {
      expect(answerOf(await dispatch(pressed(id)))).toContain('button');
    }
    expect(answerOf(await dispatch(pressed('v1:vary:job1:0')))).toContain('no longer kept here');
  });
});
