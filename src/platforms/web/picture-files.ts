import { createHash } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ReplyPicture } from '../../core/reply.ts';
import { readIfThere, writeAtomically } from '../../lib/atomic-files.ts';
import { makePrivateFolder } from '../../lib/private-files.ts';
import type { WirePicture } from './wire.ts';

const EXTENSIONS = { 'image/png': 'png', 'image/webp': 'webp', 'image/jpeg': 'jpg' } as const;
const FILE_NAME = /^[0-9a-f]{64}\.(png|webp|jpg)$/;

/** A page that was just told of a preview still fetches it when the final picture has replaced it. */
const RELEASE_MS = 10_000;

export interface PictureFile {
  readonly data: Uint8Array;
  readonly mediaType: ReplyPicture['mediaType'];
}

/** The channel's attachments, each in a file named by the hash of its bytes; previews stay in memory. */
export interface PictureFiles {
  /** Writes the pictures; they have reached the disk when this resolves. */
  save(pictures: readonly ReplyPicture[]): Promise<readonly WirePicture[]>;
  /**
   * Keeps pictures in memory under `owner`. The owner's last set stays readable once more, because a page may just be
   * fetching it.
   */
  hold(owner: string, pictures: readonly ReplyPicture[]): readonly WirePicture[];
  /** Lets go of the owner's pictures, a little later. */
  release(owner: string): void;
  /** The same, at once. */
  forget(owner: string): void;
  /** Undefined for an unknown or malformed name. */
  read(file: string): Promise<PictureFile | undefined>;
  /** Bytes on the disk; 0 when it is not there. */
  size(file: string): Promise<number>;
  delete(file: string): Promise<void>;
}

function fileNameOf(picture: ReplyPicture): string {
  return `${createHash('sha256').update(picture.data).digest('hex')}.${EXTENSIONS[picture.mediaType]}`;
}

function toWire({ data: _, ...rest }: ReplyPicture, file: string): WirePicture {
  return { ...rest, file };
}

function mediaTypeOf(file: string): ReplyPicture['mediaType'] {
  if (file.endsWith('.png')) return 'image/png';
  return file.endsWith('.webp') ? 'image/webp' : 'image/jpeg';
}

/** @param folder made when missing. */
export function openPictureFiles(folder: string): PictureFiles {
  makePrivateFolder(folder);
  // Written to by one process at a time: what is half there was left by one that died.
  for (const name of readdirSync(folder)) if (name.endsWith('.part')) rmSync(join(folder, name), { force: true });
  const held = new Map<string, readonly ReadonlyMap<string, Uint8Array>[]>();

  function heldData(file: string): Uint8Array | undefined {
    for (const generations of held.values()) {
      for (const generation of generations) {
        const data = generation.get(file);
        if (data !== undefined) return data;
      }
    }
    return undefined;
  }

  return {
    async save(pictures) {
      const files = pictures.map(fileNameOf);
      if (files.length > 0)
        await writeAtomically(folder, new Map(pictures.map(({ data }, i) => [files[i] ?? '', data])));
      return pictures.map((picture, i) => toWire(picture, files[i] ?? ''));
    },
    hold(owner, pictures) {
      const files = pictures.map(fileNameOf);
      const generation = new Map(pictures.map((picture, i) => [files[i] ?? '', picture.data]));
      held.set(owner, [generation, ...(held.get(owner)?.slice(0, 1) ?? [])]);
      return pictures.map((picture, i) => toWire(picture, files[i] ?? ''));
    },
    release(owner) {
      const released = held.get(owner);
      if (released === undefined) return;
      setTimeout(() => held.get(owner) === released && held.delete(owner), RELEASE_MS).unref();
    },
    forget: (owner) => void held.delete(owner),
    async read(file) {
      if (!FILE_NAME.test(file)) return undefined;
      const mediaType = mediaTypeOf(file);
      const data = heldData(file);
      if (data !== undefined) return { data, mediaType };
      const kept = await readIfThere(join(folder, file));
      return kept && { data: kept, mediaType };
    },
    size: async (file) => (await stat(join(folder, file)).catch(() => undefined))?.size ?? 0,
    delete: (file) => rm(join(folder, file), { force: true }),
  };
}
