import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { getHFHubCachePath } from '@huggingface/hub';

/** Where the Hub is and where its files are kept, by the environment variables of Python's huggingface_hub. */
export interface HubSettings {
  readonly endpoint: string;
  readonly cacheFolder: string;
  readonly token: string | undefined;
  readonly offline: boolean;
}

const HUB_URL = 'https://huggingface.co';

export async function readHubSettings(env: NodeJS.ProcessEnv = process.env): Promise<HubSettings> {
  const home = env.HF_HOME ?? join(env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'huggingface');
  return {
    endpoint: (nonEmpty(env.HF_ENDPOINT) ?? HUB_URL).replace(/\/+$/, ''),
    cacheFolder: getHFHubCachePath(),
    token:
      nonEmpty(env.HF_TOKEN) ??
      nonEmpty(await readFile(env.HF_TOKEN_PATH ?? join(home, 'token'), 'utf8').catch(() => '')),
    offline: ['1', 'on', 'yes', 'true'].includes((env.HF_HUB_OFFLINE ?? '').toLowerCase()),
  };
}

function nonEmpty(text: string | undefined): string | undefined {
  const trimmed = text?.trim() ?? '';
  return trimmed === '' ? undefined : trimmed;
}
