/**
 * The only module that imports sharp. libvips has dozens of loaders, and picks one by a file's first bytes: an SVG of
 * 2 KiB takes minutes to lay out. Here only those that Easel needs exist, for the whole process. Raw pixels need none.
 */
import sharp from 'sharp';

sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: ['VipsForeignLoadPngBuffer', 'VipsForeignLoadJpegBuffer', 'VipsForeignLoadWebpBuffer'],
});

export type { Sharp } from 'sharp';
export { sharp };
