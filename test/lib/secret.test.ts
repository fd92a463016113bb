import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readHubSettings } from '../../engine/hub/hub-settings.ts';
import { createEngine } from '../../engine/index.ts';
import { readConfig } from '../../src/app/config.ts';

const SLACK = { SLACK_BOT_TOKEN: 'xoxb-good', SLACK_APP_TOKEN: 'xapp-good' };
/** Each is put into the middle of a token. */
const UNFIT: readonly (readonly [what: string, text: string])[] = [
  ['a line break', '\n'],
  ['a line break of Windows', '\r\n'],
  ['a space', ' '],
  ['a tab', '\t'],
  ['a zero-width space', '\u200b'],
  ['a no-break space', '\u00a0'],
  ['a right-to-left mark', '\u200f'],
  ['an accent', 'é'],
  ['a NUL', '\0'],
];
const SENTENCE =
  'contains a line break, a space or an invisible character; copy the token again, without anything else.';

describe('a token', () => {
  it('that ends with a line break, as one from a file does, is taken without it', async () => {
    const env = { DISCORD_TOKEN: 'a.b.c\n', SLACK_BOT_TOKEN: 'xoxb-good\r\n', SLACK_APP_TOKEN: '\ufeffxapp-good\n\n' };
    const config = readConfig(env);
    expect(config.discord?.token).toBe('a.b.c');
    expect(config.slack).toMatchObject({ botToken: 'xoxb-good', delivery: { appToken: 'xapp-good' } });
    expect((await readHubSettings({ HF_TOKEN: 'hf_good\n' })).token).toBe('hf_good');
  });

  it.each(UNFIT)('with %s within is refused by the name of its variable, and never quoted', async (_what, within) => {
    const refusal = (env: NodeJS.ProcessEnv) => {
      try {
        readConfig(env);
        return 'none';
      } catch (error) {
        return error instanceof Error ? error.message : String(error);
      }
    };
    expect(refusal({ DISCORD_TOKEN: `secre${within}tive` })).toBe(`DISCORD_TOKEN ${SENTENCE}`);
    expect(refusal({ ...SLACK, SLACK_BOT_TOKEN: `xoxb-${within}tive` })).toBe(`SLACK_BOT_TOKEN ${SENTENCE}`);
    expect(refusal({ ...SLACK, SLACK_APP_TOKEN: `xapp-${within}tive` })).toBe(`SLACK_APP_TOKEN ${SENTENCE}`);
    const signed = { SLACK_BOT_TOKEN: SLACK.SLACK_BOT_TOKEN, SLACK_SIGNING_SECRET: `secre${within}tive` };
    expect(refusal(signed)).toBe(`SLACK_SIGNING_SECRET ${SENTENCE}`);
    await expect(readHubSettings({ HF_TOKEN: `hf_${within}tive` })).rejects.toThrow(`HF_TOKEN ${SENTENCE}`);
  });

  it('that is a mark of direction alone is not taken for none', () => {
    expect(() => readConfig({ DISCORD_TOKEN: '\u200e' })).toThrow(`DISCORD_TOKEN ${SENTENCE}`);
  });
});

describe('the token of the Hub', () => {
  let folder: string;
  const before = { ...process.env };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'easel-token-'));
  });
  afterEach(() => {
    process.env = { ...before };
    rmSync(folder, { recursive: true });
  });

  it('in a file is refused by the name of the file', async () => {
    const file = join(folder, 'token');
    writeFileSync(file, 'hf_one\nhf_two\n');
    await expect(readHubSettings({ HF_TOKEN_PATH: file })).rejects.toThrow(
      `The token in the file "token" (HF_TOKEN_PATH) ${SENTENCE}`,
    );
  });

  it('keeps a model on the Hub from the start, before anything is asked of it', async () => {
    process.env.HF_TOKEN = 'hf_one\nhf_two';
    process.env.HF_HUB_CACHE = folder;
    const engine = createEngine({ modelSources: ['painters/any'] });
    await expect(engine.describe()).rejects.toThrow(`HF_TOKEN ${SENTENCE}`);
    await engine.close();
  });
});
