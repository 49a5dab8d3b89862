// A relay of its own for a test file: real workerd, a free port, a temporary state folder.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalRelay, type LocalRelayOptions, startLocalRelay } from '../../worker/local.ts';
import { readCodes } from './codes.ts';
import { startDiskRelay } from './disk-relay.ts';
import { until } from './until.ts';
import { workerdArguments } from './workerd.ts';

export const hostNames = ['workerd', 'deno', 'node'] as const;
export type HostName = (typeof hostNames)[number];

export interface TestRelay {
  readonly url: string;
  readonly stateFolder: string;
  /** The newest code that was sent to this address; waits until there is one. */
  inbox(address: string): Promise<string>;
  /** The process group of the running relay. */
  readonly processGroup: number;
  /** The relay's log lines so far. */
  readonly logs: readonly string[];
  /** Ends the relay as a power cut would, and starts it again on the same state and port. */
  crash(): Promise<void>;
  /** Ends the relay; its state goes too. */
  stop(): Promise<void>;
}

export interface TestRelayOptions extends Partial<LocalRelayOptions> {
  /** What it runs on; workerd unless it is said. It runs under `wrangler dev` only with a `config`. */
  readonly host?: HostName;
  /** A shell's commands that go before it; not on workerd. */
  readonly shell?: string;
  /** The limit of the STRANGERS binding, if another than in development. */
  readonly strangersPerMinute?: number;
}

/** Where the relays are that were started here. */
export const relayUrls = new Set<string>();

/** @param options  as for `npm start`; without a state folder there is a new, empty one */
export async function startRelay(all: TestRelayOptions = {}): Promise<TestRelay> {
  const { strangersPerMinute, host = 'workerd', ...options } = all;
  const stateFolder = options.stateFolder ?? (await mkdtemp(join(tmpdir(), 'cliquet-relay-')));
  const logs: string[] = [];
  const onLog = (line: string) => void logs.push(line);
  const start = await starterOf(host, { onLog, ...options, stateFolder }, strangersPerMinute);
  let relay = await start(options.port ?? 0);
  const { url, port } = relay;
  relayUrls.add(url);
  return {
    url,
    stateFolder,
    logs,
    get processGroup() {
      return relay.processGroup;
    },
    inbox: (address) => until(async () => (await readCodes(url, address))[0]),
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

async function starterOf(
  host: HostName,
  options: Omit<LocalRelayOptions, 'port'> & { readonly shell?: string; readonly onLog: (line: string) => void },
  strangersPerMinute?: number,
): Promise<(port: number) => Promise<LocalRelay>> {
  if (host !== 'workerd') {
    const limit = strangersPerMinute === undefined ? {} : { STRANGERS_PER_MINUTE: String(strangersPerMinute) };
    return (port) => startDiskRelay({ ...options, vars: { ...limit, ...options.vars }, host, port });
  }
  if (options.config !== undefined) return (port) => startLocalRelay({ ...options, port });
  const startWith = await workerdArguments(options, strangersPerMinute);
  return (port) => startLocalRelay({ ...options, startWith, port });
}
