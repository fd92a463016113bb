import { BadInputError } from '../core/errors.ts';

/** All bytes of a body, which is left in the middle when there are more than `maxBytes`. @throws BadInputError then */
export async function readBounded(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let byteLength = 0;
  for await (const chunk of body) {
    byteLength += chunk.length;
    if (byteLength > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

export function tooLarge(maxBytes: number): BadInputError {
  const megabytes = Math.floor(maxBytes / 1024 / 1024);
  return new BadInputError('picture_too_large', `The picture is larger than ${megabytes} MiB; give a smaller one.`);
}
