/** Every number of the two 8-bit formats by its bits (Micikevicius et al. 2022, "FP8 formats for deep learning"). */
export const EIGHT_BIT_FLOATS = {
  /** 4 bits of exponent, 3 of fraction; no infinity, and only all ones is not a number. */
  F8_E4M3: table(3, 7, (exponent, fraction) => (exponent === 0xf && fraction === 7 ? Number.NaN : undefined)),
  /** 5 bits of exponent, 2 of fraction, as in half precision. */
  F8_E5M2: table(2, 15, (exponent, fraction) => {
    if (exponent !== 0x1f) return undefined;
    return fraction === 0 ? Number.POSITIVE_INFINITY : Number.NaN;
  }),
} as const;

/** @param special what is no ordinary number, without its sign */
function table(
  fractionBits: number,
  bias: number,
  special: (exponent: number, fraction: number) => number | undefined,
): Float32Array {
  return Float32Array.from({ length: 2 ** 8 }, (_, bits) => {
    const sign = bits < 0x80 ? 1 : -1;
    const exponent = (bits & 0x7f) >> fractionBits;
    const fraction = bits & (2 ** fractionBits - 1);
    const share = fraction / 2 ** fractionBits;
    const ordinary = exponent === 0 ? share * 2 ** (1 - bias) : (1 + share) * 2 ** (exponent - bias);
    return sign * (special(exponent, fraction) ?? ordinary);
  });
}
