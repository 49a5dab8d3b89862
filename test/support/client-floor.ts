// The floor of a message: the bare primitives that docs/PROTOCOL.md, section 13, asks for, on the same provider, with the
// libraries' own functions and inputs of the right lengths. No state, no encoding, no check, no copy. Keys that a client
// can know beforehand are imported: its own, the members', the leaves of the recipients.
//
// This is for test/bench/client.ts, and stands here because of the libraries: within test/bench those of the name are the
// older ones that ts-mls asks for, which sign in two thirds of the time, and are slower elsewhere.

import type { webcrypto } from 'node:crypto';
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import type { Curves } from '../../client/crypto/curves.ts';
import { type Bytes, concatBytes } from '../../client/wire/bytes.ts';

/** What the curves have to do for one message. */
interface FloorCurves {
  /** A key pair from a fresh secret, and its secret shared with so many recipients. */
  contribute(secret: Bytes, recipients: number): Promise<unknown>;
  /** A secret that was kept with a leaf that has just come. */
  agree(leaf: Bytes): Promise<unknown>;
  sign(message: Bytes): Promise<unknown>;
  verify(message: Bytes): Promise<unknown>;
}

const random = (length: number): Bytes => crypto.getRandomValues(new Uint8Array(length));
const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);

const messageBytes = 256;
const { publicKey: leaf, secretKey: leafSecret } = x25519.keygen();
const { publicKey: pk, secretKey: seed } = ed25519.keygen();

function nobleFloor(signed: Bytes): FloorCurves {
  const signature = ed25519.sign(signed, seed);
  return {
    contribute: async (secret, recipients) => {
      x25519.getPublicKey(secret);
      for (let i = 0; i < recipients; i++) x25519.getSharedSecret(secret, leaf);
    },
    agree: async (theirs) => x25519.getSharedSecret(leafSecret, theirs),
    sign: async (message) => ed25519.sign(message, seed),
    verify: async (message) => ed25519.verify(signature, message, pk, { zip215: false }),
  };
}

async function webCryptoFloor(signed: Bytes): Promise<FloorCurves> {
  const { subtle } = crypto;
  const pkcs8 = (arc: number, secret: Uint8Array) =>
    concatBytes(Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, arc, 4, 0x22, 4, 0x20), secret);
  const importSecret = (secret: Uint8Array) =>
    subtle.importKey('pkcs8', pkcs8(110, secret), 'X25519', false, ['deriveBits']);
  const importLeaf = (bytes: Uint8Array<ArrayBuffer>) => subtle.importKey('raw', bytes, 'X25519', false, []);
  const basePoint = await importLeaf(concatBytes(Uint8Array.of(9), new Uint8Array(31)));
  const [known, own] = [await importLeaf(concatBytes(leaf)), await importSecret(leafSecret)];
  const signer = await subtle.importKey('pkcs8', pkcs8(112, seed), 'Ed25519', false, ['sign']);
  const verifier = await subtle.importKey('raw', concatBytes(pk), 'Ed25519', false, ['verify']);
  const signature = await subtle.sign('Ed25519', signer, signed);
  const derive = (key: webcrypto.CryptoKey, peer: webcrypto.CryptoKey) =>
    subtle.deriveBits({ name: 'X25519', public: peer }, key, 256);
  return {
    contribute: async (secret, recipients) => {
      const key = await importSecret(secret);
      await Promise.all([derive(key, basePoint), ...times(recipients, () => derive(key, known))]);
    },
    agree: async (theirs) => derive(own, await importLeaf(theirs)),
    sign: (message) => subtle.sign('Ed25519', signer, message),
    verify: (message) => subtle.verify('Ed25519', verifier, signature, message),
  };
}

export interface Floor {
  send(): Promise<void>;
  receive(): Promise<void>;
}

/** @param isFull  whether the message carries a contribution */
export async function floorOf(name: Curves['name'], size: number, isFull: boolean): Promise<Floor> {
  // Nearly all entries of a vector take a byte where two talk and the others are silent.
  const vectorBytes = size + 3;
  const payload = random(150 + vectorBytes);
  const header = random(100 + vectorBytes);
  const groupInfo = random(130 + vectorBytes);
  const [secrets, transcripts] = [random(32 * size), random(32 * size)];
  const [key, info, nonce, contribution, content] = [
    random(32),
    random(40),
    random(24),
    random(69),
    random(messageBytes),
  ];
  const outer = isFull ? contribution : new Uint8Array(0);
  const sealed = (plaintext: Uint8Array) => xchacha20poly1305(key, nonce).encrypt(plaintext);
  const [sealedHeader, sealedOuter, sealedContent, wrapped] = [header, outer, content, random(32)].map(sealed) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  const recipients = isFull ? size - 1 : 0;
  const curves = name === 'noble' ? nobleFloor(payload) : await webCryptoFloor(payload);

  const derive = (length = 32, context = info) => hkdf(sha256, random(length), undefined, context, 32) as Bytes;
  const openAll = (...ciphertexts: Uint8Array[]) => {
    for (const each of ciphertexts) xchacha20poly1305(key, nonce).decrypt(each);
  };
  /** Digest, group key, message key, the keys of both layers, the next chain key; body hash, transcript. */
  const step = () => {
    sha256(transcripts);
    hkdf(sha256, secrets, undefined, groupInfo, 32);
    for (let i = 0; i < 4; i++) derive(64);
    sha256(concatBytes(nonce, sealedOuter, sealedContent));
    sha256(payload);
    sha256(contribution);
    if (isFull) sha256(contribution);
  };
  return {
    async send() {
      step();
      // The nonce is hedged, and so are leaf and secret of a contribution.
      sha256(content);
      derive(128);
      for (const each of [header, outer, content]) sealed(each);
      const signed = curves.sign(payload);
      if (isFull) {
        derive(128);
        await curves.contribute(derive(128), recipients);
      }
      await signed;
      for (let i = 0; i < recipients; i++) xchacha20poly1305(derive(64), nonce).encrypt(key);
    },
    async receive() {
      openAll(sealedHeader);
      await curves.verify(payload);
      step();
      openAll(sealedOuter);
      if (isFull) {
        await curves.agree(concatBytes(leaf));
        derive(64);
        openAll(wrapped);
      }
      openAll(sealedContent);
    },
  };
}
