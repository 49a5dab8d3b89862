// Writes test/vectors/golden.json: results of the protocol's own derivations for fixed inputs. Run it only when one of
// them is meant to change, and say so in the commit:
//
//   node test/vectors/generate-golden.ts

import { writeFileSync } from 'node:fs';
import { deriveKey } from '../../client/crypto/kdf.ts';
import { deriveHrid, hashVaultId, identityOf } from '../../client/protocol/identity.ts';
import { safetyNumber } from '../../client/protocol/safety-number.ts';
import { toHex } from '../support/vectors.ts';

const filled = (byte: number) => new Uint8Array(32).fill(byte);
const member = (byte: number) => ({ hrid: filled(byte), pk: filled(byte + 100) });
const golden = {
  note: 'Derivations for fixed inputs, written by test/vectors/generate-golden.ts; licence as the project.',
  deriveKey: toHex(deriveKey(filled(1), 'outer')),
  deriveKeyContext: toHex(deriveKey(filled(1), 'group key', [filled(2), 7, 'x', [1, 2]])),
  deriveKey60: toHex(deriveKey(filled(1), 'safety number', [], 60)),
  vid: toHex(identityOf(filled(1)).vid),
  hrid: toHex(deriveHrid('alice@example.org', filled(1), hashVaultId(filled(2)))),
  safetyNumberOfTwo: safetyNumber([member(1), member(2)]),
  safetyNumberOfThree: safetyNumber([member(1), member(2), member(3)]),
};
writeFileSync(new URL('./golden.json', import.meta.url), `${JSON.stringify(golden, null, 2)}\n`);
