/** The formats of pictures from elsewhere that Easel reads. */
export const FORMATS = ['png', 'jpeg', 'webp'] as const;
export type Format = (typeof FORMATS)[number];

const PNG = '\x89PNG\r\n\x1a\n';
const JPEG = '\xff\xd8\xff';
/** Looked through for the name of a format. */
const HEAD_BYTES = 1024;

/** What else people send, by how its file begins. */
const OTHERS: readonly (readonly [begins: string, name: string])[] = [
  ['GIF8', 'a GIF'],
  ['II*\0', 'a TIFF'],
  ['MM\0*', 'a TIFF'],
  ['BM', 'a BMP'],
  ['\xff\x0a', 'a JPEG XL'],
  ['\0\0\0\x0cJXL ', 'a JPEG XL'],
  ['8BPS', 'a Photoshop file'],
  ['%PDF-', 'a PDF'],
  ['\x1f\x8b', 'a compressed file'],
];
/** Of ISO's media format, by the brand after `ftyp`. */
const BRANDS: readonly (readonly [brand: RegExp, name: string])[] = [
  [/^avi[fs]/, 'an AVIF'],
  [/^(?:hei[cxms]|hev[cxms]|mif1|msf1)/, 'a HEIC'],
];

/** By its first bytes, whatever it is said to be; undefined for all that Easel does not read. */
export function formatOf(bytes: Uint8Array): Format | undefined {
  const head = headOf(bytes, 12);
  if (head.startsWith(PNG)) return 'png';
  if (head.startsWith(JPEG)) return 'jpeg';
  return head.startsWith('RIFF') && head.endsWith('WEBP') ? 'webp' : undefined;
}

/** The name, with its article, of a known format that Easel does not read; undefined for any other. */
export function otherFormatOf(bytes: Uint8Array): string | undefined {
  const head = headOf(bytes, HEAD_BYTES);
  const known = OTHERS.find(([begins]) => head.startsWith(begins));
  if (known !== undefined) return known[1];
  if (head.slice(4, 8) === 'ftyp') return BRANDS.find(([brand]) => brand.test(head.slice(8)))?.[1];
  const text = head.replace('\xef\xbb\xbf', '').trimStart().toLowerCase();
  if (text.startsWith('<!doctype html') || text.startsWith('<html')) return 'a web page';
  return text.startsWith('<') && text.includes('<svg') ? 'an SVG' : undefined;
}

function headOf(bytes: Uint8Array, length: number): string {
  return Buffer.from(bytes.subarray(0, length)).toString('latin1');
}
