// What was sealed under a number, without an envelope: its message says which it is.

import type { Outgoing } from '../../client/state/records.ts';
import { numberKey } from '../../client/store/store.ts';

export function outgoing(n: number, state: Outgoing['state'] = 'sealed'): Outgoing {
  const hash = new Uint8Array(32);
  return {
    n,
    group: hash,
    generation: hash,
    part: numberKey(n),
    message: {
      id: new Uint8Array(16).fill(n),
      number: n,
      isContent: true,
      step: { vector: [0, 0], groupKey: new Uint8Array(8), leaf: null },
    },
    state,
    sealedAt: 0,
    repeated: [],
  };
}
