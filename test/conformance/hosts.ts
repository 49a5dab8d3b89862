// Relays that the suite can start by itself, by the name under which the command knows them.

import { startRelay } from '../support/relay.ts';

export interface Host {
  readonly url: string;
  stop(): Promise<void>;
}

export const hosts: Readonly<Record<string, () => Promise<Host>>> = {
  workerd: () => startRelay({ host: 'workerd' }),
  deno: () => startRelay({ host: 'deno' }),
};
