// A relay of its own for a test file: real workerd, a free port, a temporary state folder.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalRelayOptions, startLocalRelay } from '../../worker/local.ts';
import { until } from './until.ts';

export interface TestRelay {
  readonly url: string;
  readonly stateFolder: string;
  /** The newest code that was sent to this address; waits until there is one. */
  inbox(address: string): Promise<string>;
  /** The relay's log lines so far. */
  readonly logs: readonly string[];
  /** Ends the relay as a power cut would, and starts it again on the same state and port. */
  crash(): Promise<void>;
  /** Ends the relay; its state goes too. */
  stop(): Promise<void>;
}

/** @param options  as for `npm start`; without a state folder there is a new, empty one */
export async function startRelay(options: Partial<LocalRelayOptions> = {}): Promise<TestRelay> {
  const stateFolder = options.stateFolder ?? (await mkdtemp(join(tmpdir(), 'cliquet-relay-')));
  const logs: string[] = [];
  const start = (port: number) => startLocalRelay({ onLog: (line) => logs.push(line), ...options, port, stateFolder });
  let relay = await start(options.port ?? 0);
  const { url, port } = relay;
  return {
    url,
    stateFolder,
    logs,
    inbox: (address) => until(async () => (await readInbox(url, address))[0]),
    async crash() {
      await relay.kill();
      relay = await start(port);
    },
    async stop() {
      await relay.stop();
      if (options.stateFolder === undefined) await rm(stateFolder, { recursive: true, force: true });
    },
  };
}

async function readInbox(url: string, address: string): Promise<string[]> {
  const response = await fetch(`${url}/dev/inbox?address=${encodeURIComponent(address)}`);
  const { codes } = (await response.json()) as { codes: { code: string }[] };
  return codes.map(({ code }) => code);
}
