const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Text of one byte or more a character: Latin-1 by the standards of PNG and Exif; but many programs write UTF-8 there.
 * Latin-1 that is valid UTF-8 with characters of several bytes would be a row of accents and signs, which nobody writes.
 */
export function decodeTextBytes(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    return Buffer.from(bytes).toString('latin1');
  }
}
