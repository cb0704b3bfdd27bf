import { defineConfig } from 'vitest/config';

const needsServer = ['test/e2e/**/*.test.ts', 'test/**/*.server.test.ts', 'test/workflows/**/*server*.test.ts'];
/** Real agents from the registry: minutes, and a few hundred megabytes once. */
const realAgents = ['test/real-agents/**/*.test.ts'];
const shared = { testTimeout: 20_000, hookTimeout: 60_000 };

export default defineConfig({
  test: {
    // The SDK's native part does not survive worker threads.
    pool: 'forks',
    maxWorkers: 2,
    // For both projects: the supervisor is built, and nothing that a test started or wrote may be left.
    globalSetup: ['test/build-supervisor.ts', 'test/leftovers.ts'],
    // Without a test that needs it, no server is started; so these two are projects.
    projects: [
      { test: { ...shared, name: 'unit', include: ['test/**/*.test.ts'], exclude: [...needsServer, ...realAgents] } },
      // A machine that others load too may take its time: what waits for a condition says itself when it gives up.
      { test: { ...shared, name: 'server', include: needsServer, globalSetup: 'test/global-setup.ts', testTimeout: 60_000 } },
      {
        test: {
          ...shared,
          name: 'agents',
          include: realAgents,
          globalSetup: 'test/global-setup.ts',
          testTimeout: 240_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
