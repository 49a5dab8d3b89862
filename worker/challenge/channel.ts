// How a code reaches an address. A channel is tried once; the person asks again.

import type { Address } from '../../client/wire/address.ts';

export interface Channel {
  readonly kind: Address['kind'];
  /** @throws if the code could not be handed over */
  send(address: Address, code: string): Promise<void>;
}

/** The channel for this kind of address, if the deployment has one. */
export function channelFor(channels: readonly Channel[], kind: Address['kind']): Channel | undefined {
  return channels.find((channel) => channel.kind === kind);
}
