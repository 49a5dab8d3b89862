// All cases, by what they are about.

import { answers } from './answers.ts';
import type { Case } from './bench.ts';
import { bodies } from './bodies.ts';
import { deregistration } from './deregistration.ts';
import { encoding } from './encoding.ts';
import { errors } from './errors.ts';
import { full } from './full.ts';
import { keyPackages } from './key-packages.ts';
import { outbox } from './outbox.ts';
import { queue, refusals } from './queue.ts';
import { registration } from './registration.ts';
import { sending } from './sending.ts';
import { signatures } from './signatures.ts';
import { stream } from './stream.ts';
import { tickets } from './tickets.ts';

export const sections: Readonly<Record<string, readonly Case[]>> = {
  encoding,
  registration: [...registration, ...answers],
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
