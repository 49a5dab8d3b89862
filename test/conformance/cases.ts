// All cases, by what they are about.

import type { Case } from './bench.ts';
import { encoding } from './encoding.ts';
import { errors } from './errors.ts';
import { full } from './full.ts';
import { keyPackages } from './key-packages.ts';
import { queue, refusals } from './queue.ts';
import { deregistration, registration } from './registration.ts';
import { bodies, signatures } from './requests.ts';
import { outbox, sending } from './sending.ts';
import { stream, tickets } from './stream.ts';

export const sections: Readonly<Record<string, readonly Case[]>> = {
  encoding,
  registration,
  deregistration,
  'signed requests': signatures,
  'bodies and their order': bodies,
  'key packages': keyPackages,
  sending,
  outbox,
  queue,
  'a full queue': full,
  refusals,
  tickets,
  stream,
  errors,
};
