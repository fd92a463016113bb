import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs';

/** A file system of one's own in a file, mounted at a folder. */
export interface LoopbackDisk {
  /** It meets an error, as on a failing disk, and takes no write any more. */
  giveUp(): void;
  /** What has reached the disk by now, as another disk at another folder; its file system is mended first. */
  copy(image: string, folder: string): LoopbackDisk;
  /** The folder is empty then; files that are still open live on. */
  unmount(): void;
}

/** Undefined where this process may not mount, as without root. @param image made @param folder made */
export function createLoopbackDisk(image: string, folder: string, bytes: number): LoopbackDisk | undefined {
  writeFileSync(image, '');
  truncateSync(image, bytes);
  if (spawnSync('mkfs.ext4', ['-q', image]).status !== 0) return undefined;
  return mount(image, folder);
}

function mount(image: string, folder: string): LoopbackDisk | undefined {
  mkdirSync(folder, { recursive: true });
  if (spawnSync('mount', ['-o', 'loop,errors=remount-ro', image, folder]).status !== 0) return undefined;
  return {
    giveUp: () => void execFileSync('mount', ['-o', 'remount,abort', folder]),
    copy: (copiedImage, copiedFolder) => {
      copyFileSync(image, copiedImage);
      const { status } = spawnSync('fsck.ext4', ['-p', copiedImage]);
      // 1 and 2 say that it mended something.
      if (status === null || status > 2) throw new Error(`fsck.ext4 ended with ${status}`);
      const copied = mount(copiedImage, copiedFolder);
      if (copied === undefined) throw new Error(`${copiedImage} could not be mounted`);
      return copied;
    },
    // libsql closes its files when their statements are garbage, some time later.
    unmount: () => void execFileSync('umount', ['--lazy', folder]),
  };
}
