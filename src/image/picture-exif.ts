import { formatOf } from './format.ts';
import { readJpegExif } from './jpeg-segments.ts';
import { readChunks } from './png-chunks.ts';
import { readExif as readWebpExif } from './webp-exif.ts';

/** A picture's Exif, as its file holds it; undefined when there is none, or it is no PNG, JPEG or WebP. Never throws. */
export function readExif(bytes: Uint8Array): Uint8Array | undefined {
  switch (formatOf(bytes)) {
    case 'jpeg':
      return readJpegExif(bytes);
    case 'webp':
      return readWebpExif(bytes);
    case 'png':
      return readPngExif(bytes);
    case undefined:
      return undefined;
  }
}

function readPngExif(png: Uint8Array): Uint8Array | undefined {
  for (const { type, data } of readChunks(png)) if (type === 'eXIf') return data;
  return undefined;
}
