import { mkdirSync } from 'node:fs';
import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { configDefaults, defineConfig } from 'vitest/config';
import Sequence from './support/sequence.ts';

// Inside workerd nothing of it is asked for, but wrangler.toml names it.
mkdirSync('.build/web', { recursive: true });

/**
 * Relays are processes of their own: more files at once than this only make each other slow. It is the same for all projects:
 * by themselves they take as many as there are cores, and vitest refuses to run projects that differ beside each other.
 */
const maxWorkers = 2;

const inWorkerd = 'test/**/*.workerd.test.ts';
/** Functions and classes alone: they start no process and leave nothing behind, so that their files share one. */
const units = ['test/{client,worker}/**/*.test.ts', 'test/support/*.test.ts', 'test/architecture.test.ts'];
/** Among these, what needs a relay, a browser or a process to itself. */
const noUnits = [
  'test/client/transport/{http,link}.test.ts',
  'test/client/store/indexeddb{,-example}.test.ts',
  'test/worker/{setup,upgrade-kills}.test.ts',
];

const common = {
  // node:sqlite is what the ports' test host runs on; it still warns at every start.
  execArgv: ['--disable-warning=ExperimentalWarning'],
  // They end what would wait for ever, also on a machine that has much else to do.
  testTimeout: 90_000,
  hookTimeout: 180_000,
  maxWorkers,
};

export default defineConfig({
  test: {
    // The worker's log lines of tests that pass tell nothing.
    silent: 'passed-only',
    sequence: { sequencer: Sequence },
    projects: [
      {
        test: {
          ...common,
          name: 'node',
          include: ['test/!(client|worker|support)/*.test.ts', ...noUnits],
          globalSetup: 'test/support/build.ts',
          setupFiles: 'test/support/observe.ts',
          exclude: [...configDefaults.exclude, inWorkerd],
          expect: { poll: { timeout: 45_000 } },
        },
      },
      {
        test: {
          ...common,
          name: 'units',
          include: units,
          exclude: [...configDefaults.exclude, inWorkerd, ...noUnits],
          isolate: false,
        },
      },
      {
        plugins: [cloudflareTest({ wrangler: { configPath: './wrangler.toml' } })],
        test: {
          name: 'workerd',
          include: [inWorkerd],
          // There is no environment inside.
          provide: { slow: process.env.SLOW === '1' },
          testTimeout: common.testTimeout,
          maxWorkers,
        },
      },
    ],
  },
});
