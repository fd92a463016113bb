import { EaselError } from '../../core/errors.ts';
import type { RemotePicture } from '../../core/request.ts';
import { tooLarge } from '../../lib/read-bounded.ts';
import type { PictureFiles } from './picture-files.ts';
import type { WirePicture } from './wire.ts';

/** A picture of this channel, whose bytes lie here. */
export function remotePicture(name: string, mediaType: string, read: () => Promise<Uint8Array>): RemotePicture {
  return {
    name,
    mediaType,
    byteLength: undefined,
    async fetch(maxBytes) {
      const data = await read();
      if (data.length > maxBytes) throw tooLarge(maxBytes);
      return data;
    },
  };
}

/** What hangs on a message. */
export function remotePictures(pictures: readonly WirePicture[], files: PictureFiles): readonly RemotePicture[] {
  return pictures.map(({ name, mediaType, file }) =>
    remotePicture(name, mediaType, async () => {
      const found = await files.read(file);
      if (found !== undefined) return found.data;
      throw new EaselError('picture_gone', 'The picture is no longer kept; attach it again.');
    }),
  );
}
