// libsignal (native): a session with each of the others, which heals, and sender keys, which do not: one key that advances by
// itself, until it is thrown away and a new one is sent to everybody over their sessions.

import { randomUUID } from 'node:crypto';
import * as signal from '@signalapp/libsignal-client';
import type { Bytes } from '../../client/wire/bytes.ts';
import { at } from '../support/chat.ts';
import { type Peer, padText, unpadText } from './peer.ts';

/** Somebody with a device, who keeps everything in memory. */
class Party {
  readonly address = signal.ProtocolAddress.new(randomUUID(), 1);
  readonly identity = signal.IdentityKeyPair.generate();
  readonly #preKey = signal.PrivateKey.generate();
  readonly #signedPreKey = signal.PrivateKey.generate();
  readonly #kyber = signal.KEMKeyPair.generate();
  readonly #sessions = new Map<string, signal.SessionRecord>();
  readonly #senderKeys = new Map<string, signal.SenderKeyRecord>();

  readonly sessions = Object.assign(new signal.SessionStore(), {
    saveSession: async (name: signal.ProtocolAddress, record: signal.SessionRecord) => {
      this.#sessions.set(name.toString(), record);
    },
    getSession: async (name: signal.ProtocolAddress) => this.#sessions.get(name.toString()) ?? null,
    getExistingSessions: async (names: readonly signal.ProtocolAddress[]) =>
      names.flatMap((name) => this.#sessions.get(name.toString()) ?? []),
  });
  readonly identities = Object.assign(new signal.IdentityKeyStore(), {
    getIdentityKey: async () => this.identity.privateKey,
    getIdentityKeyPair: async () => this.identity,
    getLocalRegistrationId: async () => 1,
    saveIdentity: async () => 0,
    isTrustedIdentity: async () => true,
    getIdentity: async () => null,
  });
  readonly senderKeys = Object.assign(new signal.SenderKeyStore(), {
    saveSenderKey: async (sender: signal.ProtocolAddress, id: string, record: signal.SenderKeyRecord) => {
      this.#senderKeys.set(`${sender.toString()} ${id}`, record);
    },
    getSenderKey: async (sender: signal.ProtocolAddress, id: string) =>
      this.#senderKeys.get(`${sender.toString()} ${id}`) ?? null,
  });

  get bundle(): signal.PreKeyBundle {
    const { publicKey, privateKey } = this.identity;
    const [signed, kyber] = [this.#signedPreKey.getPublicKey(), this.#kyber.getPublicKey()];
    const signatures = [signed, kyber].map((key) => privateKey.sign(key.serialize())) as [Bytes, Bytes];
    const oneTime = this.#preKey.getPublicKey();
    return signal.PreKeyBundle.new(1, 1, 1, oneTime, 1, signed, signatures[0], publicKey, 1, kyber, signatures[1]);
  }

  async startSession(with_: Party): Promise<void> {
    const { bundle, address } = with_;
    await signal.processPreKeyBundle(bundle, address, this.address, this.sessions, this.identities);
  }

  async encrypt(message: Bytes, to: Party): Promise<Bytes> {
    const { sessions, identities } = this;
    return (await signal.signalEncrypt(message, to.address, this.address, sessions, identities)).serialize();
  }

  async decrypt(bytes: Bytes, from: Party): Promise<Bytes> {
    const message = signal.SignalMessage.deserialize(bytes);
    return signal.signalDecrypt(message, from.address, this.address, this.sessions, this.identities);
  }

  async decryptFirst(bytes: Bytes, from: Party): Promise<Bytes> {
    const { privateKey } = this.identity;
    const [oneTime, signed] = [this.#preKey, this.#signedPreKey];
    const sign = (key: { serialize(): Bytes }) => privateKey.sign(key.serialize());
    const preKey = signal.PreKeyRecord.new(1, oneTime.getPublicKey(), oneTime);
    const publicKey = signed.getPublicKey();
    const signedPreKey = signal.SignedPreKeyRecord.new(1, 0, publicKey, signed, sign(publicKey));
    const kyber = signal.KyberPreKeyRecord.new(1, 0, this.#kyber, sign(this.#kyber.getPublicKey()));
    return signal.signalDecryptPreKey(
      signal.PreKeySignalMessage.deserialize(bytes),
      from.address,
      this.address,
      this.sessions,
      this.identities,
      Object.assign(new signal.PreKeyStore(), {
        savePreKey: async () => undefined,
        getPreKey: async () => preKey,
        removePreKey: async () => undefined,
      }),
      Object.assign(new signal.SignedPreKeyStore(), {
        saveSignedPreKey: async () => undefined,
        getSignedPreKey: async () => signedPreKey,
      }),
      Object.assign(new signal.KyberPreKeyStore(), {
        saveKyberPreKey: async () => undefined,
        getKyberPreKey: async () => kyber,
        markKyberPreKeyUsed: async () => undefined,
      }),
    );
  }
}

/** One with a session with each of the others, in which both have sent. */
async function meet(members: number): Promise<{ readonly sender: Party; readonly others: readonly Party[] }> {
  const sender = new Party();
  const others = Array.from({ length: members - 1 }, () => new Party());
  for (const other of others) {
    await sender.startSession(other);
    await other.decryptFirst(await sender.encrypt(padText('hello'), other), sender);
    await sender.decrypt(await other.encrypt(padText('hello'), sender), other);
  }
  return { sender, others };
}

async function sendToEach(sender: Party, others: readonly Party[], message: Bytes) {
  const parts: Bytes[] = [];
  for (const other of others) parts.push(await sender.encrypt(message, other));
  const uploaded = parts.reduce((sum, { length }) => sum + length, 0);
  return { uploaded, downloaded: at(parts, 0).length, parts };
}

async function setupPairwise(members: number) {
  const { sender, others } = await meet(members);
  return {
    send: (text: string) => sendToEach(sender, others, padText(text)),
    receive: async ({ parts }: { readonly parts: readonly Bytes[] }) =>
      unpadText(await at(others, 0).decrypt(at(parts, 0), sender)),
    async answer() {
      // Before what has not come yet, which is what makes the next message carry a new key.
      for (const other of others) await sender.decrypt(await other.encrypt(padText('yes'), sender), other);
    },
  };
}

async function setupSenderKeys(members: number) {
  const { sender, others } = await meet(members);
  const receiver = at(others, 0);
  const share = async () => {
    const id = randomUUID();
    const key = await signal.SenderKeyDistributionMessage.create(sender.address, id, sender.senderKeys);
    const sent = await sendToEach(sender, others, key.serialize());
    const opened = await receiver.decrypt(at(sent.parts, 0), sender);
    const message = signal.SenderKeyDistributionMessage.deserialize(opened);
    await signal.processSenderKeyDistributionMessage(sender.address, message, receiver.senderKeys);
    return { id, ...sent };
  };
  let { id } = await share();
  return {
    async send(text: string) {
      const sealed = await signal.groupEncrypt(sender.address, id, sender.senderKeys, padText(text));
      const part = sealed.serialize();
      return { uploaded: part.length, downloaded: part.length, parts: [part] };
    },
    receive: async ({ parts }: { readonly parts: readonly Bytes[] }) =>
      unpadText(await signal.groupDecrypt(sender.address, receiver.senderKeys, at(parts, 0))),
    answer: async () => undefined,
    async rekey() {
      const shared = await share();
      id = shared.id;
      return shared;
    },
  };
}

export function signalPeers(): Peer[] {
  return [
    { name: 'libsignal, pairwise', heals: true, setup: setupPairwise },
    { name: 'libsignal, sender keys', heals: false, setup: setupSenderKeys },
  ];
}
