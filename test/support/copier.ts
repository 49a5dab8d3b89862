// A passive attacker that has copied whole clients, each at some moment: the ratchets of all generations that were kept,
// export secrets, the private parts of key packages; and that has recorded everything that ever went over the relay, with
// the header of every recipient. It opens what can be opened, with the protocol's own functions: agreements with whatever
// it has of package, leaf and export secret, in every combination; from g everything that follows from it; notices with
// export secrets, requests with packages; until nothing new follows; and then the messages, as attacker.ts does.

import { open } from '../../client/crypto/aead.ts';
import { decapsulate } from '../../client/crypto/kem.ts';
import { agreementBodyKey, agreementHeaderKey, noticeKey } from '../../client/protocol/agreement.ts';
import { generationSecret, startRatchet } from '../../client/protocol/generation.ts';
import type { KeptPackage } from '../../client/protocol/kept-package.ts';
import type { Ratchet } from '../../client/protocol/ratchet.ts';
import { openRequest } from '../../client/protocol/request.ts';
import type { Roster } from '../../client/protocol/roster.ts';
import { ratchetsOf } from '../../client/state/generations.ts';
import { loadRatchet } from '../../client/state/ratchets.ts';
import { tables } from '../../client/state/records.ts';
import type { State } from '../../client/state/state.ts';
import { type Bytes, bytesKey, sameBytes } from '../../client/wire/bytes.ts';
import type { Content } from '../../client/wire/content.ts';
import {
  type AgreementEnvelope,
  AgreementHeader,
  Envelope,
  type NoticeEnvelope,
  type RequestEnvelope,
} from '../../client/wire/envelope.ts';
import { CliquetError } from '../../client/wire/errors.ts';
import { AgreementBody, Details } from '../../client/wire/record.ts';
import type { Send } from '../../client/wire/send.ts';
import { attack, type Recorded } from './attacker.ts';
import { curves, startOfTime } from './group.ts';

/** What a copy of a client's store has of secrets. Its envelopes are ciphertext that the relay was given too. */
export interface Loot {
  readonly ratchets: readonly Ratchet[];
  readonly exports: readonly { readonly generation: string; readonly secret: Bytes }[];
  readonly packages: readonly KeptPackage[];
  /** Own leaves. */
  readonly leaves: readonly Leaf[];
}

interface Leaf {
  readonly leaf: Bytes;
  readonly secret: Bytes;
}

/** Part of a copy: what somebody may have stolen who has not seen the rest. */
export function onlyOf(loot: Loot, parts: readonly ('packages' | 'leaves' | 'exports')[]): Loot {
  const { packages, leaves, exports } = loot;
  return {
    ratchets: [],
    packages: parts.includes('packages') ? packages : [],
    leaves: parts.includes('leaves') ? leaves : [],
    exports: parts.includes('exports') ? exports : [],
  };
}

export function lootOf(state: State): Loot {
  const ratchets = state.all(tables.groups).flatMap(({ value: { id } }) => {
    return ratchetsOf(state, id).flatMap((generation) => loadRatchet(state, generation) ?? []);
  });
  const kept = state.all(tables.exports).map(({ key, value }) => ({ generation: key, secret: value.secret }));
  const ofRatchets = ratchets.map(({ generation, exportSecret }) => ({
    generation: bytesKey(generation),
    secret: exportSecret,
  }));
  return {
    ratchets,
    exports: [...kept, ...ofRatchets],
    packages: state.all(tables.keyPackages).map(({ value }) => value),
    leaves: ratchets.flatMap(ownLeaves),
  };
}

function ownLeaves({ self, members }: Ratchet): Leaf[] {
  const contributions = members[self]?.contributions ?? [];
  return contributions.flatMap(({ leaf, leafSecret }) => (leafSecret === null ? [] : [{ leaf, secret: leafSecret }]));
}

/** Who is in a generation, as the relay sees it by who sends to whom. */
export interface Place {
  readonly group: Bytes;
  readonly number: number;
  readonly roster: Roster;
}

export interface Haul {
  /** What messages say, by generation and then by `sender:number`. */
  readonly messages: ReadonlyMap<string, ReadonlyMap<string, Content>>;
  /** Agreements whose g is known, by id. */
  readonly agreements: ReadonlySet<string>;
  readonly notices: number;
  readonly requests: number;
}

type Intercepted<E> = { readonly from: Bytes; readonly send: Send; readonly envelope: E };

class Copier {
  readonly #places: ReadonlyMap<string, Place>;
  readonly #agreements: Intercepted<AgreementEnvelope>[] = [];
  readonly #notices: Intercepted<NoticeEnvelope>[] = [];
  readonly #requests: Intercepted<RequestEnvelope>[] = [];
  readonly #packages = new Map<string, KeptPackage>();
  readonly #exports = new Map<string, Bytes>();
  /** By their public keys. */
  readonly #leafSecrets = new Map<string, Bytes>();
  readonly #ratchets = new Map<string, Ratchet[]>();
  readonly #shared = new Map<string, Bytes | null>();
  readonly #encapsulated = new Map<string, Bytes | null>();
  readonly #tried = new Set<string>();
  readonly #opened = new Set<string>();

  constructor(
    loots: readonly Loot[],
    recorded: readonly { readonly from: Bytes; readonly send: Send }[],
    places: ReadonlyMap<string, Place>,
  ) {
    this.#places = places;
    for (const { from, send } of recorded) {
      const envelope = Envelope.decode(send.body);
      if (envelope.type === 'agreement') this.#agreements.push({ from, send, envelope });
      if (envelope.type === 'notice') this.#notices.push({ from, send, envelope });
      if (envelope.type === 'request') this.#requests.push({ from, send, envelope });
    }
    for (const { ratchets, exports, packages, leaves } of loots) {
      for (const { leaf, secret } of leaves) this.#leafSecrets.set(bytesKey(leaf), secret);
      for (const ratchet of ratchets) this.#take(ratchet);
      for (const { generation, secret } of exports) this.#exports.set(generation, secret);
      for (const kept of packages) {
        this.#packages.set(bytesKey(kept.id), kept);
        this.#leafSecrets.set(bytesKey(kept.leaf), kept.leafSecret);
      }
    }
  }

  #take(ratchet: Ratchet): void {
    const key = bytesKey(ratchet.generation);
    this.#ratchets.set(key, [...(this.#ratchets.get(key) ?? []), ratchet]);
  }

  async run(traffic: ReadonlyMap<string, readonly Recorded[]>): Promise<Haul> {
    for (let before = -1; before !== this.#exports.size; ) {
      before = this.#exports.size;
      for (const agreement of this.#agreements) await this.#openAgreement(agreement);
    }
    const messages = new Map<string, ReadonlyMap<string, Content>>();
    for (const [generation, ratchets] of this.#ratchets) {
      const broken = await attack(ratchets, traffic.get(generation) ?? [], this.#leafSecrets);
      messages.set(generation, new Map([...broken].map(([name, { content }]) => [name, content])));
    }
    const notices = this.#notices.filter(({ envelope }) => this.#opensNotice(envelope)).length;
    const requests = this.#requests.filter((request) => this.#opensRequest(request)).length;
    return { messages, agreements: this.#opened, notices, requests };
  }

  async #openAgreement({ send, envelope }: Intercepted<AgreementEnvelope>): Promise<void> {
    const id = bytesKey(envelope.id);
    if (this.#opened.has(id)) return;
    for (const { hrid, header } of send.to) {
      const g = await this.#openHeader(envelope, hrid, AgreementHeader.decode(header));
      if (g === null) continue;
      this.#opened.add(id);
      this.#takeGeneration(envelope, g);
      return;
    }
  }

  /** With all that is held, in every combination, whatever the header says that it is keyed with. */
  async #openHeader(envelope: AgreementEnvelope, hrid: Bytes, header: AgreementHeader): Promise<Bytes | null> {
    const roster = this.#places.get(bytesKey(envelope.id))?.roster ?? [];
    const recipient = roster.find((entry) => sameBytes(entry.hrid, hrid));
    if (recipient === undefined) throw new Error('an agreement for somebody who is not in it');
    const kems = [this.#decapsulate(header), null];
    const leaves = [...(await this.#agreeWithAll(envelope.ephemeral)), null];
    for (const [generation, exportSecret] of [...this.#exports, ['', null] as const]) {
      const attempt = `${bytesKey(envelope.id)} ${bytesKey(hrid)} ${generation}`;
      if (this.#tried.has(attempt)) continue;
      this.#tried.add(attempt);
      for (const kem of kems) {
        for (const leaf of leaves) {
          if (kem === null && leaf === null) continue;
          const key = agreementHeaderKey({ kem, leaf, exportSecret }, envelope.id, recipient, header);
          const g = open(key, envelope.nonce, header.sealed);
          if (g !== null) return g;
        }
      }
    }
    return null;
  }

  #decapsulate({ package: id, kemCiphertext }: AgreementHeader): Bytes | null {
    const kept = id && this.#packages.get(bytesKey(id));
    if (!kept || kemCiphertext === null) return null;
    const key = bytesKey(kemCiphertext);
    const known = this.#encapsulated.get(key);
    if (known !== undefined) return known;
    const secret = decapsulate(kept.kemSeed, kemCiphertext);
    this.#encapsulated.set(key, secret);
    return secret;
  }

  async #agreeWithAll(ephemeral: Bytes | null): Promise<Bytes[]> {
    const all: Bytes[] = [];
    for (const [leaf, secret] of ephemeral === null ? [] : this.#leafSecrets) {
      const key = `${leaf} ${bytesKey(ephemeral ?? secret)}`;
      if (!this.#shared.has(key)) this.#shared.set(key, await curves.agree(secret, ephemeral ?? secret));
      const shared = this.#shared.get(key);
      if (shared) all.push(shared);
    }
    return all;
  }

  /** From g: the state in which every member has begun. */
  #takeGeneration({ id, nonce, sealed }: AgreementEnvelope, g: Bytes): void {
    const place = this.#places.get(bytesKey(id));
    const secret = generationSecret(g, id);
    const body = open(agreementBodyKey(secret, id), nonce, sealed);
    if (place === undefined || body === null) throw new Error('g opens the body');
    const { leaves } = Details.decode(AgreementBody.decode(body).details);
    const ratchet = startRatchet({
      ...place,
      agreementId: id,
      now: startOfTime,
      secret,
      leaves,
      author: null,
      self: 0,
      leafSecret: new Uint8Array(32),
      owesContribution: false,
    });
    // Nobody's: no leaf's secret is known by this.
    const members = ratchet.members.map((member) => ({
      ...member,
      contributions: member.contributions.map((each) => ({ ...each, leafSecret: null })),
    }));
    this.#take({ ...ratchet, members });
    this.#exports.set(bytesKey(id), ratchet.exportSecret);
  }

  #opensNotice({ nonce, sealed }: NoticeEnvelope): boolean {
    return [...this.#exports.values()].some((secret) => open(noticeKey(secret), nonce, sealed) !== null);
  }

  #opensRequest({ send, envelope }: Intercepted<RequestEnvelope>): boolean {
    return send.to.some(({ hrid, header }) => {
      try {
        openRequest(hrid, header, envelope, (id) => this.#packages.get(bytesKey(id)) ?? null);
        return true;
      } catch (error) {
        if (error instanceof CliquetError) return false;
        throw error;
      }
    });
  }
}

/**
 * @param recorded  everything that the relay was given
 * @param traffic   the messages among it, by generation
 */
export function haul(
  loots: readonly Loot[],
  recorded: readonly { readonly from: Bytes; readonly send: Send }[],
  traffic: ReadonlyMap<string, readonly Recorded[]>,
  places: ReadonlyMap<string, Place>,
): Promise<Haul> {
  return new Copier(loots, recorded, places).run(traffic);
}
