import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';

/** A model on the Hugging Face Hub, written `owner/name`, `owner/name@revision`, `owner/name:variant` or with both. */
export interface HubId {
  readonly repo: string;
  /** Branch, tag or commit. */
  readonly revision: string;
  /** Of the files of a network, that which the repository calls so, e.g. `fp16`. */
  readonly variant?: string;
}

const HUB_ID = /^([\w.-]{1,96}\/[\w.-]{1,96})(?:@([\w./-]{1,200}))?(?::([\w-]{1,50}))?$/;
const DEFAULT_REVISION = 'main';

/** Undefined for what cannot be a Hub id: a path on this machine begins with a dot or a slash, or has several. */
export function parseHubId(text: string): HubId | undefined {
  const [, repo, revision, variant] = HUB_ID.exec(text) ?? [];
  if (repo === undefined || /(^|\/)\.|\.\.|\/(\.|-)|\.safetensors$/.test(repo) || revision?.includes('..') === true) {
    return undefined;
  }
  return { repo, revision: revision ?? DEFAULT_REVISION, ...(variant !== undefined && { variant }) };
}

/** What people call the model: the name without its owner, and what sets it apart from its other versions. */
export function hubModelName({ repo, revision, variant }: HubId): string {
  return [
    basename(repo),
    ...(revision === DEFAULT_REVISION ? [] : [revision]),
    ...(variant === undefined ? [] : [variant]),
  ].join('-');
}

/**
 * A place for models as it was written: a path, made absolute from `folder`, or a Hub id, left as it is. What exists on
 * this machine is a path.
 */
export function resolveModelPlace(written: string, folder: string): string {
  const path = resolve(folder, written);
  return parseHubId(written) !== undefined && !existsSync(path) ? written : path;
}
