// The questions of answers.ts out of test/vectors/, and what those who have published them expect.

import { identityPublicKey } from '../../client/crypto/curves-noble.ts';
import type { Bytes } from '../../client/wire/bytes.ts';
import { lowOrderLeaves, signWithTorsion, smallOrderPoints } from '../support/points.ts';
import { readVectors, toHex } from '../support/vectors.ts';
import type { Answers, Questions } from './answers.ts';

type Texts<K extends string> = Readonly<Record<K, string>>;
interface Cases<C> {
  readonly cases: readonly C[];
}

const rfc7748 = readVectors<{ readonly multiplications: readonly Texts<'scalar' | 'u' | 'out'>[] }>('x25519-rfc7748');
const x25519 = readVectors<Cases<Texts<'id' | 'private' | 'public' | 'shared'>>>('x25519-wycheproof');
const rfc8032 = readVectors<Cases<Texts<'name' | 'seed' | 'msg' | 'sig'>>>('ed25519-rfc8032');
const ed25519 = readVectors<Cases<Texts<'id' | 'pk' | 'msg' | 'sig' | 'result'>>>('ed25519-wycheproof');
const { wycheproof: aead } = readVectors<{
  readonly wycheproof: readonly Texts<'id' | 'key' | 'nonce' | 'msg' | 'ct' | 'tag'>[];
}>('xchacha20-poly1305');
const { cases: kems } = readVectors<Cases<Texts<'seed' | 'eseed' | 'ss'>>>('xwing');
const backup = readVectors<Texts<'file' | 'words' | 'passphrase' | 'content'>>('backup');
const { note: _, ...golden } = readVectors<Record<string, string>>('golden');

const filled = (byte: number): Bytes => new Uint8Array(32).fill(byte);
/** Signatures that hold by the equation with cofactor alone: whoever took them would split groups. */
const torsion = smallOrderPoints.slice(1).map((point, i) => ({
  name: `Ed25519 torsion ${i + 1}`,
  publicKey: toHex(identityPublicKey(filled(5))),
  message: '00',
  signature: toHex(signWithTorsion(filled(5), new Uint8Array(1), point, BigInt(i))),
}));

export const questions: Questions = {
  agreements: [
    ...rfc7748.multiplications.map(({ scalar, u }, i) => ({
      name: `X25519 RFC 7748 ${i}`,
      secret: scalar,
      publicKey: u,
    })),
    ...x25519.cases.map((c) => ({ name: `X25519 Wycheproof ${c.id}`, secret: c.private, publicKey: c.public })),
    ...lowOrderLeaves.map((leaf, i) => ({
      name: `X25519 low order ${i}`,
      secret: '07'.repeat(32),
      publicKey: toHex(leaf),
    })),
  ],
  signatures: rfc8032.cases.map(({ name, seed, msg }) => ({ name: `Ed25519 RFC 8032 ${name}`, seed, message: msg })),
  verifications: [
    ...ed25519.cases.map(({ id, pk, msg, sig }) => ({
      ...{ name: `Ed25519 Wycheproof ${id}`, publicKey: pk, message: msg, signature: sig },
    })),
    ...torsion,
  ],
  seals: aead.map(({ id, key, nonce, msg }) => ({
    name: `XChaCha20-Poly1305 Wycheproof ${id}`,
    key,
    nonce,
    text: msg,
  })),
  kems: kems.map(({ seed, eseed }, i) => ({ name: `X-Wing ${i}`, seed, entropy: eseed })),
  backup,
};

/** What is known without having computed it. */
export const published: Answers = {
  ...golden,
  ...fromCases(rfc7748.multiplications, ({ out }, i) => [`X25519 RFC 7748 ${i}`, out]),
  ...fromCases(x25519.cases, (c) => [`X25519 Wycheproof ${c.id}`, /^0+$/.test(c.shared) ? null : c.shared]),
  ...fromCases(lowOrderLeaves, (_leaf, i) => [`X25519 low order ${i}`, null]),
  ...fromCases(rfc8032.cases, ({ name, sig }) => [`Ed25519 RFC 8032 ${name}`, sig]),
  ...fromCases(ed25519.cases, ({ id, result }) => [`Ed25519 Wycheproof ${id}`, result === 'valid']),
  ...fromCases(torsion, ({ name }) => [name, false]),
  ...fromCases(aead, ({ id, ct, tag }) => [`XChaCha20-Poly1305 Wycheproof ${id}`, ct + tag]),
  ...fromCases(kems, ({ ss }, i) => [`X-Wing ${i}, secret`, ss]),
  ...fromCases(kems, ({ ss }, i) => [`X-Wing ${i}, opened`, ss]),
  'backup by its words': backup.content,
  'backup by its passphrase': backup.content,
};

function fromCases<C>(cases: readonly C[], answer: (of: C, i: number) => readonly [string, Answers[string]]): Answers {
  return Object.fromEntries(cases.map(answer));
}
