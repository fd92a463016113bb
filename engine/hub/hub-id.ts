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

/** A path on this machine, and the variant written behind it: `/models/painter:bf16`. */
export interface LocalPlace {
  readonly path: string;
  readonly variant?: string;
}

const WITH_VARIANT = /^(.+):([\w-]{1,50})$/;

/** Undefined for what is not on this machine. A colon may also belong to the path itself. */
export function findLocalPlace(written: string): LocalPlace | undefined {
  if (existsSync(written)) return { path: resolve(written) };
  const [, path, variant] = WITH_VARIANT.exec(written) ?? [];
  if (path === undefined || variant === undefined || !existsSync(path)) return undefined;
  return { path: resolve(path), variant };
}

/** A list of places with commas between them; one that exists may have commas in it, and the longest counts. */
export function splitModelPlaces(written: string, folder: string): string[] {
  const pieces = written.split(',');
  const places: string[] = [];
  for (let from = 0; from < pieces.length; ) {
    let to = pieces.length;
    const joined = () => pieces.slice(from, to).join(',').trim();
    while (to > from + 1 && findLocalPlace(resolve(folder, joined())) === undefined) to -= 1;
    if (joined() !== '') places.push(joined());
    from = to;
  }
  return places;
}

/**
 * A place for models as it was written: a path, made absolute from `folder`, or a Hub id, left as it is. What exists on
 * this machine is a path.
 */
export function resolveModelPlace(written: string, folder: string): string {
  const path = resolve(folder, written);
  return parseHubId(written) !== undefined && findLocalPlace(path) === undefined ? written : path;
}
