// What the cryptography answers to known questions, on whatever runs this: everything that providers, engines and
// platforms could do in another way. A question has the same name everywhere; bytes are hex.

import { seal } from '../../client/crypto/aead.ts';
import { type Curves, leafPublicKey } from '../../client/crypto/curves.ts';
import { deriveKey } from '../../client/crypto/kdf.ts';
import { decapsulate, encapsulate, kemPublicKey } from '../../client/crypto/kem.ts';
import { acceptAgreement, openAgreement } from '../../client/protocol/accept.ts';
import { createIdentity, deriveHrid, hashVaultId, identityOf } from '../../client/protocol/identity.ts';
import { createKeyPackage, verifyKeyPackage } from '../../client/protocol/key-package.ts';
import { openMessage } from '../../client/protocol/open.ts';
import { openGeneration } from '../../client/protocol/opening.ts';
import { safetyNumber } from '../../client/protocol/safety-number.ts';
import { sealMessage } from '../../client/protocol/seal.ts';
import { openBackupFile } from '../../client/state/backup-file.ts';
import { type Bytes, bytesKey } from '../../client/wire/bytes.ts';
import { Envelope } from '../../client/wire/envelope.ts';
import { readText, textOf } from '../support/content.ts';
import { fromHex, toHex } from '../support/hex.ts';
import { seededRandom } from '../support/random.ts';

export type Answers = Readonly<Record<string, string | boolean | null>>;

/** Published cases, and some of our own, as their files in test/vectors/ have them. */
export interface Questions {
  readonly agreements: readonly { readonly name: string; readonly secret: string; readonly publicKey: string }[];
  readonly signatures: readonly { readonly name: string; readonly seed: string; readonly message: string }[];
  readonly verifications: readonly {
    readonly name: string;
    readonly publicKey: string;
    readonly message: string;
    readonly signature: string;
  }[];
  readonly seals: readonly {
    readonly name: string;
    readonly key: string;
    readonly nonce: string;
    readonly text: string;
  }[];
  readonly kems: readonly { readonly name: string; readonly seed: string; readonly entropy: string }[];
  readonly backup: { readonly file: string; readonly words: string; readonly passphrase: string };
}

export async function answer(curves: Curves, questions: Questions): Promise<Answers> {
  const answers: Record<string, string | boolean | null> = { ...(await derivations(curves)) };
  for (const { name, secret, publicKey } of questions.agreements) {
    answers[name] = hexOrNull(await curves.agree(fromHex(secret), fromHex(publicKey)));
  }
  for (const { name, seed, message } of questions.signatures) {
    answers[`${name}, seed as a leaf`] = toHex(await leafPublicKey(curves, fromHex(seed)));
    answers[name] = toHex(await curves.sign(fromHex(seed), fromHex(message)));
  }
  for (const { name, publicKey, message, signature } of questions.verifications) {
    answers[name] = await curves.verify(fromHex(publicKey), fromHex(message), fromHex(signature));
  }
  for (const { name, key, nonce, text } of questions.seals) {
    answers[name] = toHex(seal(fromHex(key), fromHex(nonce), fromHex(text)));
  }
  for (const { name, seed, entropy } of questions.kems) {
    const publicKey = kemPublicKey(fromHex(seed));
    const made = encapsulate(publicKey, fromHex(entropy));
    answers[`${name}, public key`] = toHex(publicKey);
    answers[`${name}, ciphertext`] = hexOrNull(made?.ciphertext);
    answers[`${name}, secret`] = hexOrNull(made?.secret);
    answers[`${name}, opened`] = hexOrNull(made && decapsulate(fromHex(seed), made.ciphertext));
  }
  const { file, words, passphrase } = questions.backup;
  answers['backup by its words'] = toHex(await openBackupFile(fromHex(file), { phrase: words }));
  answers['backup by its passphrase'] = toHex(await openBackupFile(fromHex(file), { passphrase }));
  return answers;
}

/** What the protocol derives from fixed inputs; test/vectors/golden.json has it. */
export async function derivations(curves: Curves): Promise<Answers> {
  const filled = (byte: number): Bytes => new Uint8Array(32).fill(byte);
  const member = (byte: number) => ({ hrid: filled(byte), pk: filled(byte + 100) });
  return {
    deriveKey: toHex(deriveKey(filled(1), 'outer')),
    deriveKeyContext: toHex(deriveKey(filled(1), 'group key', [filled(2), 7, 'x', [1, 2]])),
    deriveKey60: toHex(deriveKey(filled(1), 'safety number', [], 60)),
    vid: toHex(identityOf(filled(1)).vid),
    hrid: toHex(deriveHrid('alice@example.org', filled(1), hashVaultId(filled(2)))),
    safetyNumberOfTwo: safetyNumber([member(1), member(2)]),
    safetyNumberOfThree: safetyNumber([member(1), member(2), member(3)]),
    ...(await sealed(curves)),
  };
}

/** A group of two, and its first message, with all randomness given: sealed by one, opened by the other. */
async function sealed(curves: Curves): Promise<Answers> {
  const random = seededRandom('sealed message');
  const now = 1_800_000_000;
  const createPerson = async (name: string) => {
    const identity = createIdentity(random.bytes);
    const hrid = deriveHrid(`${name}@example.org`, identity.pk, hashVaultId(identity.vid));
    return {
      identity,
      hrid,
      pk: identity.pk,
      ...(await createKeyPackage(curves, random.bytes, identity, hrid, 'one-time', now)),
    };
  };
  const [ada, ben] = [await createPerson('ada'), await createPerson('ben')];
  const added = [ada, ben].map(({ hrid, pk }, i) => ({
    hrid,
    pk,
    role: i === 0 ? ('admin' as const) : ('member' as const),
  }));
  const verified = await verifyKeyPackage(curves, ben.uploaded, ben, now);
  const agreement = await openGeneration(curves, random.bytes, ada, {
    ...{
      group: random.bytes(32),
      parent: null,
      because: [],
      base: null,
      history: [],
      returned: [],
      chainKey: null,
      now,
    },
    operation: { removed: [], roles: [], added, name: 'Known' },
    accesses: new Map([[bytesKey(ben.hrid), { package: verified, leaf: null, exportSecret: null }]]),
  });
  const opened = await openAgreement(
    curves,
    ben,
    agreement.headers[1] as Bytes,
    envelopeOf(agreement.body, 'agreement'),
    {
      package: () => ben.kept,
      leaf: () => null,
      exportSecret: () => null,
    },
  );
  const { ratchet } = await acceptAgreement(
    curves,
    ben,
    ada.hrid,
    opened,
    new Map(),
    () => null,
    () => null,
    now,
  );
  const content = textOf('hello', { id: random.bytes(16) });
  if (agreement.ratchet === null) throw new TypeError('expected a group that goes on');
  const { body, headers } = await sealMessage(curves, random.bytes, agreement.ratchet, ada.identity.seed, content, now);
  const received = await openMessage(curves, ratchet, 0, headers[1] as Bytes, envelopeOf(body, 'message'), now);
  const [outcome] = received.outcomes;
  return {
    agreement: toHex(agreement.body),
    sealedBody: toHex(body),
    sealedHeader: toHex(headers[1] as Bytes),
    openedText: outcome?.type === 'opened' ? readText(outcome.content) : null,
  };
}

function envelopeOf<T extends Envelope['type']>(body: Bytes, type: T): Extract<Envelope, { readonly type: T }> {
  const envelope = Envelope.decode(body);
  if (envelope.type !== type) throw new TypeError(`expected ${type}`);
  return envelope as Extract<Envelope, { readonly type: T }>;
}

const hexOrNull = (bytes: Bytes | null | undefined) => (bytes ? toHex(bytes) : null);
