import { sharp } from '../image/sharp.ts';
import { type DecodedPicture, decodePicture } from './decode-picture.ts';

/** What the bot sends, one picture at a time, and what comes back for each. */
export interface ToDecoder {
  readonly bytes: Uint8Array;
}
export type FromDecoder =
  | { readonly kind: 'decoded'; readonly picture: DecodedPicture }
  | { readonly kind: 'damaged'; readonly why: string };

/*
 * The process in which pictures from elsewhere are decoded. It can be killed at any moment, which a thread inside a
 * decoder cannot.
 */

// Two of these and the engine share the processor.
sharp.concurrency(1);
sharp.cache(false);
// A terminal's Ctrl+C signals the whole group; when this process is to end is for the bot to say.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);
// `process.exit` would wait for a decoder that never ends.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
process.on('message', async ({ bytes }: ToDecoder) => {
  const answer = await decodePicture(bytes).then(
    (picture): FromDecoder => ({ kind: 'decoded', picture }),
    (error: unknown): FromDecoder => ({ kind: 'damaged', why: error instanceof Error ? error.message : String(error) }),
  );
  process.send?.(answer);
});
