import { resizePicture } from '../latents/pillow-resize.ts';
import type { RgbImage } from '../picture.ts';

/** OpenAI CLIP's, for red, green and blue. */
const MEAN = [0.48145466, 0.4578275, 0.40821073];
const DEVIATION = [0.26862954, 0.26130258, 0.27577711];

/** [3, side, side]: the shorter side resized bicubically, the middle cut out, normalised (transformers `CLIPImageProcessor`). */
export function clipPixels(image: RgbImage, side: number): Float32Array {
  const [width, height] = resizedTo(image, side);
  const { rgb } = resizePicture(image, width, height, 'bicubic');
  const [left, top] = [Math.floor((width - side) / 2), Math.floor((height - side) / 2)];
  const planes = new Float32Array(3 * side * side);
  for (let c = 0; c < 3; c += 1) {
    for (let y = 0; y < side; y += 1) {
      for (let x = 0; x < side; x += 1) {
        const value = (rgb[((top + y) * width + left + x) * 3 + c] ?? 0) / 255;
        planes[(c * side + y) * side + x] = (value - (MEAN[c] ?? 0)) / (DEVIATION[c] ?? 1);
      }
    }
  }
  return planes;
}

function resizedTo({ width, height }: RgbImage, side: number): readonly [width: number, height: number] {
  const longer = Math.trunc((side * Math.max(width, height)) / Math.min(width, height));
  return width <= height ? [side, longer] : [longer, side];
}
