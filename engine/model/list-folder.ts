import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** A file or folder; links are followed. */
export interface FolderEntry {
  readonly name: string;
  readonly path: string;
  readonly isFolder: boolean;
}

/** Folders that hold no models and may hold a hundred thousand files: environments, outputs, other programs' own code. */
const NEVER_LISTED = new Set([
  ...['venv', 'python_embeded', 'node_modules', 'site-packages', '__pycache__', '__macosx'],
  ...['output', 'outputs', 'repositories', 'extensions', 'extensions-builtin', 'custom_nodes'],
]);

/**
 * What is in a folder, by name, links followed; empty when it cannot be read. Names that begin with a dot are left out:
 * macOS puts a `._painter.safetensors` with none of the weights beside every `painter.safetensors` on foreign disks.
 */
export async function listFolder(folder: string): Promise<readonly FolderEntry[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const kept = entries.filter(({ name }) => !name.startsWith('.'));
  const listed = await Promise.all(kept.map((entry) => resolveEntry(folder, entry)));
  return listed
    .filter(({ name, isFolder }) => !isFolder || !NEVER_LISTED.has(name.toLowerCase()))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A link that leads nowhere, a pipe or a device counts as a file: whoever opens it says what is wrong with it. */
async function resolveEntry(folder: string, entry: Dirent): Promise<FolderEntry> {
  const path = join(folder, entry.name);
  const found = entry.isSymbolicLink() ? await stat(path).catch(() => undefined) : entry;
  return { name: entry.name, path, isFolder: found?.isDirectory() === true };
}
