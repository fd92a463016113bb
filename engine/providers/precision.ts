/**
 * `auto`: float16 where the provider can and the weights are stored so, float32 elsewhere. `int8`: 8-bit products, on a
 * CPU only.
 */
export const PRECISION_CHOICES = ['auto', 'float32', 'float16', 'int8'] as const;
export type PrecisionChoice = (typeof PRECISION_CHOICES)[number];
