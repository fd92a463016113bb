import type { FileHandle } from 'node:fs/promises';

/**
 * Fills `target` with what the file holds from byte `position` on.
 * @returns bytes read: fewer than asked for where the file ends before
 */
export async function readFully(handle: FileHandle, target: Uint8Array, position: number): Promise<number> {
  let read = 0;
  while (read < target.length) {
    const { bytesRead } = await handle.read(target, read, target.length - read, position + read);
    if (bytesRead === 0) break;
    read += bytesRead;
  }
  return read;
}
