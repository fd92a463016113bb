import { dirname } from 'node:path';
import { displayModel } from '../display-path.ts';
import { EngineError } from '../errors.ts';
import { MODEL_INDEX } from './folder.ts';
import type { Model } from './model.ts';
import { type ModelScan, SCAN_DEPTH, SCAN_ENTRIES } from './scan-folder.ts';

/** What is said of places for models that hold none, or more than they may. */

/** Two models would have the same id. */
export function secondOfName(first: Model, path: string): EngineError {
  const [kept, other] = [displayModel(first.path), displayModel(path)];
  const which =
    kept === other
      ? `the one in ${displayModel(dirname(first.path))} is used, the one in ${displayModel(dirname(path))} is not`
      : `${kept} is used, ${other} is not`;
  return new EngineError('bad_request', `Two models are named "${first.id}": ${which}; rename one.`, { path });
}

/** A variant was named for a folder of several models. */
export function variantOfSeveral(path: string, variant: string): EngineError {
  const name = displayModel(path);
  return new EngineError(
    'bad_request',
    `${name} contains no model itself, so ":${variant}" has no effect; write it after the folder of one model.`,
    { path, variant },
  );
}

/** A folder has more entries than are looked through. */
export function tooMuch(root: string): EngineError {
  return new EngineError(
    'bad_request',
    `${displayModel(root)} has more than ${SCAN_ENTRIES.toLocaleString('en')} files or ${SCAN_DEPTH} nested folders; the rest was not searched. Set EASEL_MODEL to the folder of models itself.`,
    { path: root },
  );
}

const MAX_NAMED = 3;

/** A folder holds no model that Easel runs. */
export function noModel(root: string, { pickles, homes }: ModelScan): EngineError {
  const sought = `.safetensors checkpoints and folders in diffusers layout (with a ${MODEL_INDEX}), up to ${SCAN_DEPTH} folders deep`;
  const names = pickles.slice(0, MAX_NAMED).map(displayModel).join(', ');
  const found = [
    ...(pickles.length === 0 ? [] : [`pickle files (${names}), which can run code when they are opened`]),
    ...(homes.length === 0 ? [] : ['folders of LoRAs or textual inversions']),
  ];
  const only = found.length === 0 ? '' : `, and found only ${found.join(' and ')}`;
  return new EngineError(
    'missing_file',
    `There is no model in ${displayModel(root)}: Easel looked for ${sought}${only}. Set EASEL_MODEL to one of these.`,
    { path: root },
  );
}

/** No place for models was given. */
export function noPlace(): EngineError {
  return new EngineError(
    'missing_file',
    'No model was given; set EASEL_MODEL to a .safetensors checkpoint, or to a folder in diffusers layout.',
  );
}

/** A variant was named for a single file, which has none. */
export function noVariantOfFile(path: string, variant: string): EngineError {
  return new EngineError(
    'bad_request',
    `${displayModel(path)} is one file and has no variant "${variant}"; leave :${variant} out.`,
    { path, variant },
  );
}
