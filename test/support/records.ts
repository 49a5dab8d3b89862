// Lineages of signed records, without the agreements that bring them: hundreds in a second.

import { signLabeled } from '../../client/crypto/sign.ts';
import { agreementId } from '../../client/protocol/agreement.ts';
import { firstGeneration, type Generation, nextGeneration } from '../../client/protocol/lineage.ts';
import { changedRoster, rosterDigest, withJoined } from '../../client/protocol/roster.ts';
import { type Bytes, bytesKey } from '../../client/wire/bytes.ts';
import { type Operation, Record, type SignedRecord } from '../../client/wire/record.ts';
import type { Member } from './chat.ts';
import { curves, nothing } from './group.ts';

/** A lineage that grows, by `bytesKey` of the ids. */
export class SignedTree extends Map<string, Generation> {
  readonly #members: readonly Member[];
  readonly group: Bytes;
  #count = 0;

  /** @param members  the founder first; all of them are admins, in this order */
  constructor(members: readonly Member[], group: Bytes = new Uint8Array(32).fill(7)) {
    super();
    this.#members = members;
    this.group = group;
  }

  async found(): Promise<Generation> {
    const added = this.#members.map(({ hrid, identity }) => ({ hrid, pk: identity.pk, role: 'admin' as const }));
    const { signed, record, id } = await this.sign(null, 0, { ...nothing, added, name: 'Test' });
    const roster = withJoined(changedRoster([], record.operation), id);
    return this.#put(firstGeneration(id, signed, record, roster, 'Test'));
  }

  /** What a member makes of a generation. @param author  its place among the members */
  async next(parent: Generation, author = 0, operation: Partial<Operation> = {}, because: readonly Generation[] = []) {
    const { signed, record, id } = await this.sign(parent, author, { ...nothing, ...operation }, because);
    return this.#put(nextGeneration(parent, id, signed, record, (wanted) => this.get(bytesKey(wanted))));
  }

  /** So many more, each on the one before. */
  async chain(from: Generation, count: number, operation?: (i: number) => Partial<Operation>): Promise<Generation> {
    let at = from;
    for (let i = 0; i < count; i++) at = await this.next(at, 0, operation?.(i));
    return at;
  }

  /** A record, whether it is valid or not. @param signer  who signs it, if not the author */
  async sign(
    parent: Generation | null,
    author: number,
    operation: Operation,
    because: readonly Generation[] = [],
    signer = author,
  ): Promise<{ signed: SignedRecord; record: Record; id: Bytes }> {
    const [by, key] = [this.#members[author], this.#members[signer]] as [Member, Member];
    const record: Record = {
      group: this.group,
      parent: parent?.id ?? null,
      number: parent === null ? 0 : parent.record.number + 1,
      author: by.hrid,
      rosterDigest: rosterDigest(changedRoster(parent?.roster ?? [], operation)),
      operation,
      because: because.map(({ id }) => id),
      // Nobody else's, so that two records that say the same are two.
      secretCommitment: new Uint8Array(32).with(0, this.#count & 255).with(1, this.#count >> 8),
      detailsHash: new Uint8Array(32),
    };
    this.#count++;
    const encoded = Record.encode(record);
    const signature = await signLabeled(curves, key.identity.seed, 'agreement', encoded);
    return { signed: { record: encoded, signature }, record, id: agreementId(encoded) };
  }

  #put(generation: Generation): Generation {
    this.set(bytesKey(generation.id), generation);
    return generation;
  }
}
