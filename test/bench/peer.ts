// What Cliquet is measured beside, and Cliquet itself, behind one interface.

import type { Bytes } from '../../client/wire/bytes.ts';

export interface Peer {
  readonly name: string;
  /** Whether a copy of the sender's keys is worth nothing once the sender has sent again. */
  readonly heals: boolean;
  /** A group of so many in which everybody has sent already. */
  setup(members: number): Promise<PeerGroup>;
}

/** One member that sends, and one of the others. */
export interface PeerGroup {
  /** Seals a text, padded to 256 bytes, with all that heals where the library heals. */
  send(text: string): Promise<Sealed>;
  /** Opens what was sealed last. @returns the text */
  receive(sealed: Sealed): Promise<string>;
  /** Somebody else says something: without it some have nothing to heal by. No part of what a message costs. */
  answer(): Promise<void>;
  /** New keys for the whole group: an agreement, a commit, a new sender key for everybody; none with pairwise sessions. */
  rekey?(): Promise<Weight>;
}

/** Bytes of the protocol; of Cliquet with the frame and the addresses, which the others leave to whoever carries them. */
export interface Weight {
  readonly uploaded: number;
  /** By one of the others. */
  readonly downloaded: number;
}

export interface Sealed extends Weight {
  /** What the receiver gets. */
  readonly parts: readonly Bytes[];
}

/** What the others seal: Cliquet pads by itself, to as much. */
export const paddedBytes = 256;

export function padText(text: string): Bytes {
  const padded = new Uint8Array(paddedBytes);
  new TextEncoder().encodeInto(text, padded);
  return padded;
}

export function unpadText(padded: Uint8Array): string {
  return new TextDecoder().decode(padded).replace(/\0+$/, '');
}
