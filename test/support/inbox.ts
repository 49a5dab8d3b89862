// What comes from the queue into the state of one client, entry by entry.

import { receiveEntry } from '../../client/courier/inbox.ts';
import type { Self } from '../../client/protocol/identity.ts';
import type { Ratchet } from '../../client/protocol/ratchet.ts';
import { historyKey } from '../../client/state/history.ts';
import { archives, type GroupRecord, tables } from '../../client/state/records.ts';
import { State } from '../../client/state/state.ts';
import { type MemoryStore, memoryStore } from '../../client/store/memory.ts';
import { type Bytes, bytesKey } from '../../client/wire/bytes.ts';
import { readText } from './content.ts';
import { curves, deliver, type Founding, foundTestGroup, type Person, sealText, startOfTime } from './group.ts';
import { seededRandom } from './random.ts';

/** The client of one member of a group that others have made, and what it takes in. */
export class Inbox {
  readonly store: MemoryStore;
  readonly state: State;
  readonly person: Person;
  readonly position: number;
  now = startOfTime;
  #seq = 0;

  private constructor(store: MemoryStore, state: State, person: Person, position: number) {
    this.store = store;
    this.state = state;
    this.person = person;
    this.position = position;
  }

  /** @param contacts  positions of those whom the person knows */
  static async start({ people }: Founding, position: number, contacts: readonly number[] = []): Promise<Inbox> {
    const store = memoryStore();
    const state = await State.load(store, Object.values(tables));
    const person = people[position] as Person;
    await state.transact((tx) => {
      tx.put(tables.numbers, '', { nextSend: 1, nextEvent: 0, cursor: null });
      tx.put(tables.keyPackages, bytesKey(person.keyPackage.id), person.keyPackage);
      for (const contact of contacts) {
        const { hrid, identity } = people[contact] as Person;
        tx.put(tables.contacts, bytesKey(hrid), { hrid, pk: identity.pk, relay: 'http://relay.test', name: '' });
      }
    });
    return new Inbox(store, state, person, position);
  }

  receive(from: Bytes, header: Bytes, body: Bytes) {
    const self = { identity: this.person.identity, hrid: this.person.hrid };
    const entry = { type: 'message' as const, seq: ++this.#seq, from, header, body };
    return this.state.transact((tx) => receiveEntry(tx, this.#client(self), entry, this.now));
  }

  #client(self: Self) {
    return { curves, self, random: seededRandom('inbox').bytes, now: () => this.now };
  }

  join({ people, headers, body }: Founding) {
    return this.receive((people[0] as Person).hrid, headers[this.position] as Bytes, body);
  }

  get group(): GroupRecord {
    return this.state.all(tables.groups)[0]?.value as GroupRecord;
  }

  /** Types, texts and codes of what was told. */
  get told(): string[] {
    return this.state.all(tables.events).map(({ value }) => {
      if (value.type !== 'message') return value.type === 'refused' ? value.code : value.type;
      const entry = this.store.entries().get(`${archives.history.name}/${historyKey(value.group, value.message)}`);
      const { said } = archives.history.struct.decode(entry ?? new Uint8Array(0));
      return (said && readText(said)) ?? value.type;
    });
  }

  count(table: keyof typeof tables): number {
    return this.state.all<unknown>(tables[table]).length;
  }
}

/** A founding of three, and a way for the others to talk to the member at `to`. */
export async function world(seed: string) {
  const random = seededRandom(`inbox ${seed}`);
  const founding = await foundTestGroup(random, 3);
  const ratchets = [...founding.ratchets];
  const say = async (position: number, text: string) => {
    const person = founding.people[position] as Person;
    const { ratchet, body, headers } = await sealText(random, person, ratchets[position] as Ratchet, text);
    ratchets[position] = ratchet;
    return { from: person.hrid, body, header: (to: number) => headers[to] as Bytes, position };
  };
  type Said = Awaited<ReturnType<typeof say>>;
  const hear = async (position: number, { body, header, position: sender }: Said) => {
    ratchets[position] = (await deliver(ratchets[position] as Ratchet, sender, header(position), body)).ratchet;
  };
  const take = (inbox: Inbox, { from, body, header }: Said) => inbox.receive(from, header(inbox.position), body);
  return { random, founding, say, hear, take };
}
