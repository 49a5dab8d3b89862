// Writes test/vectors/golden.json: results of the protocol's own derivations for fixed inputs. Run it only when one of
// them is meant to change, and say so in the commit:
//
//   node test/vectors/generate-golden.ts

import { writeFileSync } from 'node:fs';
import { nobleCurves } from '../../client/crypto/curves-noble.ts';
import { derivations } from '../runtimes/answers.ts';

const golden = {
  note: 'Derivations for fixed inputs, written by test/vectors/generate-golden.ts; licence as the project.',
  ...(await derivations(nobleCurves)),
};
writeFileSync(new URL('./golden.json', import.meta.url), `${JSON.stringify(golden, null, 2)}\n`);
