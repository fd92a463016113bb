import type { PictureRecipe } from './task.ts';

/** Final latents of one picture, [channels, height, width], in the UNet's scale. */
export interface Latents {
  readonly shape: readonly [channels: number, height: number, width: number];
  readonly data: Float32Array;
}

/** Pixels without transparency. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  /** Rows from the top, 3 bytes a pixel. */
  readonly rgb: Uint8Array;
}

/** As large as what is asked for. */
export interface InitPicture extends RgbImage {
  /** A byte a pixel, rows from the top: from 128 on it is white. */
  readonly mask?: Uint8Array;
}

/** A finished picture with what made it. */
export interface Picture extends RgbImage {
  readonly recipe: PictureRecipe;
  /** The safety checker objected: the picture is black. */
  readonly withheld?: boolean;
  readonly latents: Latents;
}
