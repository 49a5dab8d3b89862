// Writes test/vectors/wire.json: the bytes of every sample in test/support/samples.ts. Run it only when the format is
// meant to change, and say so in the commit:
//
//   node test/vectors/generate-wire.ts

import { writeFileSync } from 'node:fs';
import { samples } from '../support/samples.ts';
import { toHex } from '../support/vectors.ts';

const structs = Object.fromEntries(
  Object.entries(samples).map(([name, { struct, values }]) => [name, values.map((value) => toHex(struct.encode(value)))]),
);
const note = 'Encodings of test/support/samples.ts, written by test/vectors/generate-wire.ts; licence as the project.';
writeFileSync(new URL('./wire.json', import.meta.url), `${JSON.stringify({ note, structs }, null, 2)}\n`);
