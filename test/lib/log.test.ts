import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createLog } from '../../src/lib/log.ts';

describe('the log', () => {
  it('never holds a token, wherever it stands', () => {
    let written = '';
    const stream = new Writable({
      write: (chunk, _encoding, done) => {
        written += String(chunk);
        done();
      },
    });
    const log = createLog('info', stream);
    log.info(
      { token: 'xoxb-1', request: { headers: { authorization: 'Bot xoxb-2' } }, slack: { botToken: 'xoxb-3' } },
      'hello',
    );
    expect(written).toContain('hello');
    expect(written).not.toContain('xoxb');
  });
});
