/** `npm run test:full`: properties are tried more often, and what takes minutes runs too. See vitest.config.ts. */
export const FULL = process.env.EASEL_TEST_FULL === '1';

const FULL_FACTOR = 20;

/** How often fast-check tries a property. @param quick in the default run */
export function runs(quick: number): number {
  return FULL ? quick * FULL_FACTOR : quick;
}
