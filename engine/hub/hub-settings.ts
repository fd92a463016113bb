import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { getHFHubCachePath } from '@huggingface/hub';
import { EngineError } from '../errors.ts';

/** Where the Hub is and where its files are kept, by the environment variables of Python's huggingface_hub. */
export interface HubSettings {
  readonly endpoint: string;
  readonly cacheFolder: string;
  readonly token: string | undefined;
  readonly offline: boolean;
}

/** What may stand in an HTTP header, where the token goes. */
const VISIBLE = /^[\x21-\x7e]+$/;
const HUB_URL = 'https://huggingface.co';

/** @throws EngineError when the token cannot be one; it is not quoted */
export async function readHubSettings(env: NodeJS.ProcessEnv = process.env): Promise<HubSettings> {
  const home = env.HF_HOME ?? join(env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'huggingface');
  const file = env.HF_TOKEN_PATH ?? join(home, 'token');
  const named = nonEmpty(env.HF_TOKEN);
  const token = named ?? nonEmpty(await readFile(file, 'utf8').catch(() => ''));
  if (token !== undefined && !VISIBLE.test(token)) throw unfitToken(named === undefined ? basename(file) : undefined);
  return {
    endpoint: (nonEmpty(env.HF_ENDPOINT) ?? HUB_URL).replace(/\/+$/, ''),
    cacheFolder: getHFHubCachePath(),
    token,
    offline: ['1', 'on', 'yes', 'true'].includes((env.HF_HUB_OFFLINE ?? '').toLowerCase()),
  };
}

/** @param file that holds it; undefined when it is the variable's */
function unfitToken(file: string | undefined): EngineError {
  const where = file === undefined ? 'HF_TOKEN' : `The token in the file "${file}" (HF_TOKEN_PATH)`;
  return new EngineError(
    'bad_request',
    `${where} contains a line break, a space or an invisible character; copy the token again, without anything else.`,
  );
}

function nonEmpty(text: string | undefined): string | undefined {
  const trimmed = text?.trim() ?? '';
  return trimmed === '' ? undefined : trimmed;
}
