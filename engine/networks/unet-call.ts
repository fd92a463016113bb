/** One call of the UNet for a batch of rows; a row is one picture under one text. */
export interface UnetCall {
  readonly batch: number;
  /** [batch, channels, height, width]. */
  readonly sample: Float32Array;
  readonly shape: readonly [channels: number, height: number, width: number];
  /** [batch]. */
  readonly timesteps: Float32Array;
  /** [batch, tokens, hidden]. */
  readonly context: Float32Array;
  /** What a UNet of the kind `text_time` is told beside the prompt. */
  readonly addition?: UnetAddition | undefined;
  /** The largest self-attention takes keys from every n-th pixel of every n-th row. @default 1 */
  readonly keyStride?: number;
}

/** What the UNet of Stable Diffusion XL knows of each row beside its prompt. */
export interface UnetAddition {
  /** [batch, width]: each prompt in one vector. */
  readonly pooled: Float32Array;
  /**
   * [batch, 6], pixels: height and width of the picture, top and left of the part of it that is drawn, height and width of
   * that part.
   */
  readonly sizeIds: Float32Array;
}
