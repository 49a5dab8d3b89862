import { expect, test } from 'vitest';
import { defaultPassphraseParameters, derivePassphraseKey } from '../../../client/crypto/passphrase.ts';
import { rejectionOf } from '../../support/struct.ts';
import { toHex } from '../../support/vectors.ts';

const salt = new TextEncoder().encode('somesaltsomesalt');

test('derivePassphraseKey() is Argon2id, version 1.3, one lane', async () => {
  // From test.c of the reference implementation (P-H-C/phc-winner-argon2; CC0 or Apache-2.0).
  const somesalt = new TextEncoder().encode('somesalt');
  expect(toHex(await derivePassphraseKey('password', somesalt, { memoryKib: 256, passes: 2 }))).toBe(
    '9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe',
  );
  expect(toHex(await derivePassphraseKey('password', somesalt, { memoryKib: 65_536, passes: 2 }))).toBe(
    '09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7',
  );
});

test('derivePassphraseKey() refuses a cost that would take gigabytes or for ever', async () => {
  const { memoryKib, passes } = defaultPassphraseParameters;
  for (const cost of [
    { memoryKib: 2 ** 32 - 1, passes },
    { memoryKib, passes: 1_000_000 },
    { memoryKib: 7, passes },
    { memoryKib, passes: 0 },
  ]) {
    expect((await rejectionOf(derivePassphraseKey('x', salt, cost))).code).toBe('malformed');
  }
});
