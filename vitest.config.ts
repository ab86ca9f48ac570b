import { defineConfig } from 'vitest/config';

const shared = { pool: 'forks', testTimeout: 60_000, hookTimeout: 120_000 } as const;

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...shared,
          name: 'unit',
          include: ['test/{unit,contract,wire}/**/*.test.ts'],
          // Vitest leaves a core free by default, which on two cores is half of them.
          maxWorkers: '100%',
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...shared,
          name: 'server',
          include: ['test/{workflow,replay,e2e}/**/*.test.ts'],
          // Builds the program and starts the one Temporal server of the run.
          globalSetup: ['test/global-setup.ts'],
          testTimeout: 300_000,
          // Most of their time they wait, for heartbeat time-outs for example.
          maxWorkers: 4,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
