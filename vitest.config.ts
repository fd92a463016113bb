import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Each engine test holds ORT sessions: few processes at a time keep a two-core machine responsive.
    pool: 'forks',
    maxWorkers: 2,
  },
});
