import { randomInt } from 'node:crypto';
import { defineConfig } from 'vitest/config';

/** `npm run test:chaos`: one scenario after the other, for some 20 minutes; see docs/testing.md. */
export default defineConfig({
  test: {
    pool: 'forks',
    include: ['test/chaos/*.test.ts'],
    globalSetup: ['test/global-setup.ts'],
    env: { CHAOS_SEED: process.env['CHAOS_SEED'] ?? String(randomInt(2 ** 31)) },
    fileParallelism: false,
    hookTimeout: 120_000,
    testTimeout: 1_800_000,
  },
});
