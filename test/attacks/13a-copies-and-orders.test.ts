// 13a. Within one generation: a clone that speaks first, equal counters after a rollback, a body sealed again under
// another g, a garbage header for one member, a corrupted copy before the good one, a message before its agreement.

import { describe, expect, test } from 'vitest';
import { open, seal } from '../../client/crypto/aead.ts';
import { decapsulate, encapsulate } from '../../client/crypto/kem.ts';
import { agreementBodyKey, agreementHeaderKey } from '../../client/protocol/agreement.ts';
import { generationSecret } from '../../client/protocol/generation.ts';
import { type Bytes, concatBytes } from '../../client/wire/bytes.ts';
import { type AgreementEnvelope, AgreementHeader, Envelope } from '../../client/wire/envelope.ts';
import { KeyPackage, SignedKeyPackage } from '../../client/wire/key-package.ts';
import { AgreementBody, type SignedRecord } from '../../client/wire/record.ts';
import { corrupt, corruptParts, damage, flipped } from '../sim/corruption.ts';
import { at, Chat, nameOf, openBytes, openedIn, refusal, restored } from '../support/chat.ts';
import { accept, decodeAgreement, type Founding, foundTestGroup, type Person, sealText } from '../support/group.ts';
import { seededRandom } from '../support/random.ts';

describe('copies of a member', () => {
  async function talked(seed: string) {
    const chat = await Chat.start(seededRandom(seed), 3);
    for (const sender of [0, 1, 2]) await chat.say(sender);
    return { chat, copy: restored(chat.ratchet(0)) };
  }

  test('a clone that speaks first: the true device is reported as a clone by whoever hears it, and stops when it hears them', async () => {
    const { chat, copy } = await talked('clone first');
    const byClone = await chat.sealAs(0, copy, 'I am 0');
    await chat.give(1, byClone);
    await chat.give(2, byClone);
    const answer = await chat.send(1);
    const byDevice = await chat.seal(0, 'no, I am 0');
    expect((await chat.give(2, byDevice.sent)).outcomes).toEqual([{ type: 'clone', position: 0, reporter: 2 }]);

    expect((await chat.give(0, answer)).outcomes).toEqual([{ type: 'rolled-back' }]);
    expect(await refusal(() => chat.send(0))).toBe('rolled-back');
  });

  test('equal counters after a rollback: the digest tells, nothing opens under a wrong key', async () => {
    const { chat, copy } = await talked('equal counters');
    await chat.deliver((await chat.seal(0, 'before the restore')).sent, [1, 2]);
    const answer = await chat.send(1);
    expect(answer.vector).toEqual([2, 1, 1]);

    chat.ratchets[0] = copy;
    await chat.send(0);
    expect(chat.ratchet(0).members.map(({ opened }) => opened)).toEqual([2, 1, 1]);
    expect((await chat.give(0, answer)).outcomes).toEqual([{ type: 'fork', sender: 1 }]);
    expect(chat.ratchet(0).forked).toBe(true);
    expect(restored(chat.ratchet(0)).forked).toBe(true);
    expect(at(chat.ratchet(0).members, 1).opened).toBe(1);
  });
});

describe('a corrupted copy before the good one', () => {
  test.each(corruptParts)('%s: refused at every member and every time, and the good one opens', async (part) => {
    const chat = await Chat.start(seededRandom(`corrupted ${part}`), 4);
    for (const sender of [0, 1, 2, 3]) await chat.say(sender);
    const other = await chat.say(1);
    const sent = await chat.send(0);
    let copies = 0;
    while (copies < 25) {
      const copy = corrupt(chat.random, sent, 2, other);
      if (copy.part !== part || (copy.header === sent.headers[2] && copy.body === sent.body && copy.sender === 0))
        continue;
      if (part === 'generation' || changesGeneration(sent.body, copy.body)) {
        expect(changesGeneration(sent.body, copy.body)).toBe(true);
      } else {
        const headers = sent.headers.with(2, copy.header);
        const code = await chat.refusedBy(2, { ...sent, sender: copy.sender, headers, body: copy.body });
        expect(code).toMatch(/^(malformed|message-refused)$/);
      }
      copies++;
    }
    expect(openedIn(await chat.give(2, sent))).toEqual([nameOf(sent)]);
  });

  /** The client looks for the generation by its prefix, and finds none. */
  function changesGeneration(good: Bytes, body: Bytes): boolean {
    try {
      const [one, other] = [Envelope.decode(good), Envelope.decode(body)];
      return other.type === 'message' && one.type === 'message' && String(one.generation) !== String(other.generation);
    } catch {
      return false;
    }
  }

  test('of an agreement: refused without a trace, and the good one is accepted', async () => {
    const { group, founder, victim } = await founded('corrupted agreement');
    const random = seededRandom('damage');
    const header = at(group.headers, 2);
    const from = founder.hrid;
    const codes = new Set<string>();
    for (let n = 0; n < 60; n++) {
      const kept = structuredClone(victim);
      const [badHeader, badBody] =
        n % 2 === 0 ? [damage(random, header), group.body] : [header, damage(random, group.body)];
      codes.add(await refusal(async () => accept(victim, from, badHeader, badBody)));
      expect(victim).toEqual(kept);
    }
    expect([...codes].sort()).toEqual(['agreement-invalid', 'malformed']);
    expect((await accept(victim, from, header, group.body)).ratchet).toEqual(group.ratchets[2]);
  });
});

async function founded(seed: string): Promise<{ group: Founding; founder: Person; insider: Person; victim: Person }> {
  const group = await foundTestGroup(seededRandom(seed), 3);
  const [founder, insider, victim] = group.people;
  if (founder === undefined || insider === undefined || victim === undefined) throw new RangeError('three expected');
  return { group, founder, insider, victim };
}

describe('an agreement that a member, who knows g, seals again', () => {
  interface Change {
    readonly g?: (g: Bytes) => Bytes;
    readonly id?: (id: Bytes) => Bytes;
    readonly signed?: (signed: SignedRecord) => SignedRecord;
  }

  /** What an insider can make of the author's signed body, for a package of the victim that it knows. */
  async function sealedAgain(seed: string, change: Change) {
    const { group, founder, insider, victim } = await founded(seed);
    const envelope = decodeAgreement(group.body);
    const { nonce } = envelope;
    const header = AgreementHeader.decode(at(group.headers, 1));
    const kem = decapsulate(insider.keyPackage.kemSeed, header.kemCiphertext ?? new Uint8Array(0));
    const own = { hrid: insider.hrid, pk: insider.identity.pk };
    const ownKey = agreementHeaderKey({ kem, leaf: null, exportSecret: null }, envelope.id, own, header);
    const trueG = open(ownKey, nonce, header.sealed);
    const bodyKey = (g: Bytes, id: Bytes) => agreementBodyKey(generationSecret(g, id), id);
    const plaintext = trueG && open(bodyKey(trueG, envelope.id), nonce, envelope.sealed);
    if (trueG === null || plaintext === null) throw new Error('the insider opens its own copy');

    const g = change.g?.(trueG) ?? trueG;
    const id = change.id?.(envelope.id) ?? envelope.id;
    const { signed, details } = AgreementBody.decode(plaintext);
    const body = AgreementBody.encode({ signed: change.signed?.(signed) ?? signed, details });
    const encapsulated = encapsulate(victim.uploaded.kem, new Uint8Array(64).fill(1));
    if (encapsulated === null) throw new Error('a valid kem');
    const to = { hrid: victim.hrid, pk: victim.identity.pk };
    const source = { package: victim.keyPackage.id, leaf: null, exportGeneration: null };
    const key = agreementHeaderKey({ kem: encapsulated.secret, leaf: null, exportSecret: null }, id, to, source);
    const { ciphertext: kemCiphertext } = encapsulated;
    const forgedHeader = AgreementHeader.encode({ ...source, kemCiphertext, sealed: seal(key, nonce, g) });
    const forgedEnvelope: AgreementEnvelope = { ...envelope, id, sealed: seal(bodyKey(g, id), nonce, body) };
    const give = () => accept(victim, founder.hrid, forgedHeader, group.body, { envelope: forgedEnvelope });
    return { group, founder, victim, give };
  }

  test('as it is, it is the same generation', async () => {
    const { group, give } = await sealedAgain('same g', {});
    expect((await give()).ratchet).toEqual(group.ratchets[2]);
  });

  test.each<[string, Change]>([
    ['under another g', { g: (g) => flipped(g, 0) }],
    ['under another id', { id: (id) => flipped(id, 0) }],
    ['with another signature', { signed: (signed) => ({ ...signed, signature: flipped(signed.signature, 300) }) }],
  ])('%s it is refused, and the true one is accepted afterwards', async (_, change) => {
    const { group, founder, victim, give } = await sealedAgain('changed', change);
    expect(await refusal(give)).toBe('agreement-invalid');
    expect((await accept(victim, founder.hrid, at(group.headers, 2), group.body)).ratchet).toEqual(group.ratchets[2]);
  });
});

describe('a garbage header for one member', () => {
  test('of an agreement: that member refuses, the others talk, and their messages change nothing for it', async () => {
    const { group, founder, insider, victim } = await founded('garbage agreement header');
    const random = seededRandom('garbage');
    const good = AgreementHeader.decode(at(group.headers, 2));
    const garbage = [
      { ...good, sealed: random.bytes(48) },
      { ...good, kemCiphertext: random.bytes(1120) },
      { ...good, kemCiphertext: null },
      { ...good, package: null },
    ];
    for (const header of garbage) {
      const code = await refusal(() => accept(victim, founder.hrid, AgreementHeader.encode(header), group.body));
      expect(code).toBe('agreement-invalid');
    }
    // What says that it is sealed with what this member has not is refused too; it cannot know better.
    for (const [unknown, code] of [
      [{ ...good, package: random.bytes(32) }, 'package-gone'],
      [{ ...good, exportGeneration: random.bytes(32) }, 'keys-gone'],
    ] as const) {
      const asked = refusal(() => accept(victim, founder.hrid, AgreementHeader.encode(unknown), group.body));
      expect(await asked).toBe(code);
    }

    const chat = new Chat(random, [founder, insider, victim], group.ratchets);
    await chat.deliver(await chat.send(0), [1]);
    await chat.deliver(await chat.send(1), [0]);
    expect(KeyPackage.decode(SignedKeyPackage.decode(victim.uploaded.signed).keyPackage).kind).toBe('one-time');
    const { ratchet } = await accept(victim, founder.hrid, at(group.headers, 2), group.body);
    chat.ratchets[2] = ratchet;
    for (const sent of chat.sent) expect(openedIn(await chat.give(2, sent))).toEqual([nameOf(sent)]);
  });

  test('of a message: that member refuses and waits, the others open, and the true header makes it whole', async () => {
    const chat = await Chat.start(seededRandom('garbage message header'), 4);
    for (const sender of [0, 1, 2, 3]) await chat.say(sender);
    const sent = await chat.send(0);
    const garbled = { ...sent, headers: sent.headers.with(3, chat.random.bytes(48)) };
    await chat.deliver(garbled, [1, 2]);
    expect(await chat.refusedBy(3, garbled)).toBe('message-refused');
    const answers = [await chat.send(1), await chat.send(2), await chat.send(1)];
    for (const answer of answers) expect((await chat.give(3, answer)).outcomes).toMatchObject([{ type: 'waiting' }]);
    expect(openedIn(await chat.give(3, sent)).sort()).toEqual([sent, ...answers].map(nameOf).sort());
  });
});

describe('a message before its agreement', () => {
  test('is found by the prefix of the agreement id, and opens once the agreement is accepted', async () => {
    const { group, founder, victim } = await founded('early');
    const random = seededRandom('early messages');
    let ratchet = at(group.ratchets, 0);
    const early: { body: Bytes; header: Bytes }[] = [];
    for (const text of ['one', 'two', 'three']) {
      const sealed = await sealText(random, founder, ratchet, text);
      ratchet = sealed.ratchet;
      early.push({ body: sealed.body, header: at(sealed.headers, 2) });
    }
    let own = (await accept(victim, founder.hrid, at(group.headers, 2), group.body)).ratchet;
    const opened: string[] = [];
    for (const { body, header } of early.toReversed()) {
      const envelope = Envelope.decode(body);
      if (envelope.type !== 'message') throw new TypeError('expected a message');
      expect(envelope.generation).toEqual(decodeAgreement(group.body).id.slice(0, 16));
      const received = await openBytes(own, 0, header, body);
      own = received.ratchet;
      opened.push(...openedIn(received));
    }
    expect(opened).toEqual(['0:0', '0:1', '0:2']);
    expect(concatBytes(own.generation)).toEqual(decodeAgreement(group.body).id);
  });
});
