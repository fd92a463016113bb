import { defineConfig } from 'vitest/config';

/** `--mode full` is for test/full-run.ts; a mode, since not every shell sets variables before a command. */
export default defineConfig(({ mode }) => ({
  test: {
    include: ['test/**/*.test.ts'],
    env: mode === 'full' ? { EASEL_TEST_FULL: '1' } : {},
    testTimeout: mode === 'full' ? 1_200_000 : 60_000,
    hookTimeout: 60_000,
    // Each engine test holds ORT sessions: few processes at a time keep a two-core machine responsive.
    pool: 'forks',
    maxWorkers: 2,
  },
}));
