// The development inbox: codes are shown at /dev/inbox on the developer's own machine instead of being sent. In memory
// only, so no address is ever written to disk.

import type { Address } from '../../client/wire/address.ts';
import type { Channel } from './channel.ts';

const maxLetters = 100;

export interface Letter {
  readonly uid: string;
  readonly code: string;
  /** Milliseconds since 1970. */
  readonly time: number;
}

export class Inbox {
  #letters: Letter[] = [];

  /** Newest first. */
  letters(uid?: string): readonly Letter[] {
    return uid === undefined ? this.#letters : this.#letters.filter((letter) => letter.uid === uid);
  }

  channel(kind: Address['kind']): Channel {
    return {
      name: 'inbox',
      kind,
      send: async ({ uid }, { code }) => {
        this.#letters = [{ uid, code, time: Date.now() }, ...this.#letters].slice(0, maxLetters);
      },
    };
  }
}
