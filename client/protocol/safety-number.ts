// The safety number (SNabc of the diagrams): twelve groups of five digits that members compare out of band. It depends
// on who is in the group and nothing else, so it stays the same while the group talks.

import { deriveKey } from '../crypto/kdf.ts';
import { type Bytes, compareBytes } from '../wire/bytes.ts';
import { bytes, list, struct } from '../wire/codec.ts';
import { hashBytes, maxMembers } from '../wire/limits.ts';

const SafetyNumberInput = struct('safety number input', {
  members: list(struct('member', { hrid: bytes(hashBytes), pk: bytes(hashBytes) }), maxMembers, 1),
});

const groups = 12;
const bytesPerGroup = 5;

/**
 * `okm = HKDF-SHA-256(CBOR [[[HRID, PK]…]] sorted by HRID, info "cliquet/1 safety number", 60 bytes)`; group i of
 * twelve is five bytes, big-endian, mod 100000.
 * @param members  in any order
 * @returns twelve groups of five digits, separated by spaces
 */
export function safetyNumber(members: readonly { readonly hrid: Bytes; readonly pk: Bytes }[]): string {
  const sorted = members.map(({ hrid, pk }) => ({ hrid, pk })).sort((a, b) => compareBytes(a.hrid, b.hrid));
  const okm = deriveKey(SafetyNumberInput.encode({ members: sorted }), 'safety number', [], groups * bytesPerGroup);
  return Array.from({ length: groups }, (_, group) => {
    const digits = okm.subarray(group * bytesPerGroup, (group + 1) * bytesPerGroup);
    const number = digits.reduce((sum, byte) => sum * 256 + byte, 0); // below 2^40: exact
    return String(number % 100_000).padStart(5, '0');
  }).join(' ');
}
