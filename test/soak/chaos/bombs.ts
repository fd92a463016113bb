import { manyApngFrames, manyFrames, manyScans, manyTexts, nestedSvg } from '../../doubles/hostile-pictures.ts';
import type { Bomb } from './people.ts';

/** Hostile pictures, each made once. @param scale of their numbers: 1 as in the tests of the bot, less for a short run */
export async function makeBombs(scale: number): Promise<readonly Bomb[]> {
  const times = (count: number) => Math.ceil(count * scale);
  const png = { filename: 'picture.png', contentType: 'image/png' };
  const jpeg = { filename: 'picture.jpg', contentType: 'image/jpeg' };
  return [
    { ...png, name: 'nested SVG', data: nestedSvg() },
    { ...png, name: 'PNG of many texts', data: manyTexts(times(9000)) },
    { ...png, name: 'PNG of many international texts', data: manyTexts(times(2000), { type: 'iTXt' }) },
    { ...png, name: 'APNG of many frames', data: manyApngFrames(times(50_000)) },
    { ...jpeg, name: 'JPEG of too many scans', data: manyScans(times(3000)) },
    { ...jpeg, name: 'JPEG of many scans', data: manyScans(95) },
    {
      filename: 'picture.webp',
      contentType: 'image/webp',
      name: 'WebP of many frames',
      data: await manyFrames(times(60_000)),
    },
    { ...png, name: 'nothing', data: new Uint8Array(0) },
  ];
}
