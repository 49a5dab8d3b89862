import { describe, expect, it } from 'vitest';
import { acceptInvitation, declineInvitation, receiveEntry } from '../../../client/courier/inbox.ts';
import type { Ratchet } from '../../../client/protocol/ratchet.ts';
import { noteRegistration } from '../../../client/registration.ts';
import { knownKey } from '../../../client/state/contacts.ts';
import { historyKey } from '../../../client/state/history.ts';
import { archives, type GroupRecord, tables } from '../../../client/state/records.ts';
import { State } from '../../../client/state/state.ts';
import { type MemoryStore, memoryStore } from '../../../client/store/memory.ts';
import { type Bytes, bytesKey } from '../../../client/wire/bytes.ts';
import { readText } from '../../support/content.ts';
import {
  curves,
  deliver,
  type Founding,
  foundTestGroup,
  type Person,
  sealText,
  startOfTime,
} from '../../support/group.ts';
import { seededRandom } from '../../support/random.ts';

const day = 24 * 3600;

/** The client of one member of a group that others have made, and what it takes in. */
class Inbox {
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
    return this.state.transact((tx) => receiveEntry(tx, curves, self, entry, this.now));
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
async function world(seed: string) {
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

describe('receiveEntry()', () => {
  it('joins a contact’s group at once, uses up the key package, and says which kind it was', async () => {
    const { founding } = await world('join');
    const inbox = await Inbox.start(founding, 1, [0]);
    expect(await inbox.join(founding)).toBe('one-time');
    expect(inbox.told).toEqual(['joined']);
    expect(inbox.group).toMatchObject({ status: 'active', name: 'Test' });
    expect(inbox.count('keyPackages')).toBe(0);
    expect(await inbox.join(founding)).toBeNull();
    expect(inbox.told).toEqual(['joined']);
  });

  it('keeps a last-resort package, which others may have claimed too', async () => {
    const { founding } = await world('last resort');
    const inbox = await Inbox.start(founding, 1, [0]);
    const { keyPackage } = inbox.person;
    await inbox.state.transact((tx) =>
      tx.put(tables.keyPackages, bytesKey(keyPackage.id), { ...keyPackage, kind: 'last-resort' }),
    );
    expect(await inbox.join(founding)).toBe('last-resort');
    expect(inbox.count('keyPackages')).toBe(1);
  });

  it('opens messages that came before their agreement, in the order in which they came', async () => {
    const { founding, say, hear, take } = await world('early');
    const inbox = await Inbox.start(founding, 1, [0]);
    const first = await say(2, 'first');
    const second = await say(2, 'second');
    await hear(0, first);
    const third = await say(0, 'third');
    for (const said of [first, second, third, first]) await take(inbox, said);
    expect(inbox.told).toEqual([]);
    expect(inbox.count('early')).toBe(4);
    await inbox.join(founding);
    expect(inbox.told).toEqual(['joined', 'first', 'second', 'third']);
    expect(inbox.count('early')).toBe(0);
  });

  it('holds early messages of a stranger’s group back until it is accepted', async () => {
    const { founding, say, take } = await world('early stranger');
    const inbox = await Inbox.start(founding, 1);
    await take(inbox, await say(2, 'first'));
    await inbox.join(founding);
    await take(inbox, await say(2, 'second'));
    expect(inbox.told).toEqual(['invited']);
    expect(inbox.count('held')).toBe(2);
    await inbox.state.transact((tx) => acceptInvitation(tx, inbox.group));
    expect(inbox.told).toEqual(['invited', 'first', 'second']);
    expect(inbox.count('held')).toBe(0);
  });

  it('keeps 16 early messages of an unknown sender, 256 of a contact, and refuses the others', async () => {
    const { founding, say, take } = await world('early bounds');
    const inbox = await Inbox.start(founding, 1, [0]);
    const said = await say(2, 'again');
    for (let i = 0; i < 20; i++) await take(inbox, said);
    expect(inbox.count('early')).toBe(16);
    expect(inbox.told).toEqual(Array(4).fill('too-far-ahead'));
    const known = await say(0, 'known');
    for (let i = 0; i < 260; i++) await take(inbox, known);
    expect(inbox.count('early')).toBe(16 + 256);
    expect(inbox.told).toHaveLength(8);
  });

  it('keeps no more than 4 MiB of early messages, and none for longer than an agreement can be on its way', async () => {
    const { founding, say, take } = await world('early bytes');
    const inbox = await Inbox.start(founding, 1, [0]);
    const large = await say(0, 'x'.repeat(60_000));
    const copies = Math.floor((4 * 1024 * 1024) / large.body.length);
    for (let i = 0; i < copies + 3; i++) await take(inbox, large);
    expect(inbox.count('early')).toBe(copies);
    expect(inbox.told).toHaveLength(3);
    inbox.now += 31 * day;
    await take(inbox, large);
    expect(inbox.count('early')).toBe(copies);
    inbox.now += 1;
    await take(inbox, large);
    expect(inbox.count('early')).toBe(1);
  });

  it('keeps early messages of a contact, however much strangers have sent', async () => {
    const { founding, say, take } = await world('early strangers');
    const inbox = await Inbox.start(founding, 1, [0]);
    const large = await say(2, 'x'.repeat(60_000));
    for (let stranger = 0; stranger < 70; stranger++) {
      await inbox.receive(new Uint8Array(32).fill(stranger), large.header(1), large.body);
    }
    expect(inbox.count('early')).toBe(Math.floor((1024 * 1024) / large.body.length));
    const kept = inbox.count('early');
    await take(inbox, await say(0, 'x'.repeat(60_000)));
    expect(inbox.count('early')).toBe(kept + 1);
  });

  it('tells of what it cannot open and goes on; what it knows already it does not tell', async () => {
    const { founding, say, take } = await world('refused');
    const inbox = await Inbox.start(founding, 1, [0]);
    const [founder, , third] = founding.people as [Person, Person, Person];
    await inbox.receive(founder.hrid, new Uint8Array(), new Uint8Array([1, 2, 3]));
    await inbox.receive(third.hrid, founding.headers[1] as Bytes, founding.body); // not who wrote it
    await inbox.receive(founder.hrid, founding.headers[2] as Bytes, founding.body); // another's header
    expect(inbox.told).toEqual(['malformed', 'agreement-invalid', 'package-gone']);
    await inbox.join(founding);
    const said = await say(0, 'hello');
    await inbox.receive(said.from, new Uint8Array(48), said.body);
    await inbox.receive(new Uint8Array(32), said.header(1), said.body);
    await inbox.receive(third.hrid, said.header(1), said.body);
    await take(inbox, said);
    await take(inbox, said);
    expect(inbox.told.slice(3)).toEqual(['joined', 'message-refused', 'message-refused', 'message-refused', 'hello']);
  });

  it('refuses an agreement in which a known client stands under another key', async () => {
    const { founding } = await world('conflict');
    const inbox = await Inbox.start(founding, 1, [0]);
    const { hrid } = founding.people[2] as Person;
    await inbox.state.transact((tx) =>
      tx.put(tables.contacts, bytesKey(hrid), {
        hrid,
        pk: new Uint8Array(32).fill(9),
        relay: 'http://relay.test',
        name: '',
      }),
    );
    await inbox.join(founding);
    expect(inbox.told).toEqual(['identity-conflict']);
    expect(inbox.count('keyPackages')).toBe(1);
    expect(inbox.count('groups')).toBe(0);
  });

  it('keeps 64 invitations that wait for an answer, and those of contacts besides', async () => {
    const { founding } = await world('invitations');
    for (const [contacts, told] of [
      [[], 'too-many-invitations'],
      [[0], 'joined'],
    ] as const) {
      const inbox = await Inbox.start(founding, 1, contacts);
      await inbox.state.transact((tx) => {
        for (let i = 0; i < 64; i++) {
          const id = new Uint8Array(32).fill(i);
          const member = (byte: number) => {
            const bytes = new Uint8Array(32).fill(byte);
            return { hrid: bytes, pk: bytes, joined: id, role: 'member' as const };
          };
          const roster = [member(1), member(2)];
          tx.put(tables.groups, bytesKey(id), { id, name: '', status: 'invited', generation: id, roster });
        }
      });
      await inbox.join(founding);
      expect(inbox.told).toEqual([told]);
      expect(inbox.count('groups')).toBe(64 + contacts.length);
      // What was refused used nothing up.
      expect(inbox.count('keyPackages')).toBe(1 - contacts.length);
    }
  });

  it('holds back no more than 256 events of an invitation: the oldest go', async () => {
    const { founding, say, take } = await world('held');
    const inbox = await Inbox.start(founding, 1);
    await inbox.join(founding);
    for (let i = 0; i < 260; i++) await take(inbox, await say(0, `${i}`));
    expect(inbox.count('held')).toBe(256);
    // Nor does the store keep what they said, as nobody will hear of it.
    const history = [...inbox.store.entries()].filter(([key]) => key.startsWith(`${archives.history.name}/`));
    expect(history.filter(([, value]) => archives.history.struct.decode(value).said !== null)).toHaveLength(256);
    await inbox.state.transact((tx) => acceptInvitation(tx, inbox.group));
    expect(inbox.told).toEqual(['invited', ...Array.from({ length: 256 }, (_, i) => `${i + 4}`)]);
  });

  it('tells once that this store was rolled back, however many messages show it', async () => {
    const { founding, say, hear, take } = await world('rolled back');
    const inbox = await Inbox.start(founding, 1, [0]);
    await inbox.join(founding);
    const own = await say(1, 'from a newer copy');
    await hear(0, own);
    for (const text of ['one', 'two']) await take(inbox, await say(0, text));
    expect(inbox.told).toEqual(['joined', 'rolled-back']);
  });
});

describe('declineInvitation()', () => {
  it('is what a registration under another address does: nobody’s word for a roster is believed for want of an answer', async () => {
    const { founding, say, take } = await world('moved');
    const inbox = await Inbox.start(founding, 1);
    await inbox.join(founding);
    await take(inbox, await say(0, 'held'));
    const { identity, hrid } = inbox.person;
    await inbox.state.transact(async (tx) => {
      tx.put(tables.identity, '', { relay: 'http://relay.test', seed: identity.seed, hrid });
      await noteRegistration(tx, new Uint8Array(32).fill(7), new Uint8Array(16));
    });
    expect(inbox.group.status).toBe('declined');
    expect(inbox.count('held')).toBe(0);
    expect(knownKey(inbox.state, (founding.people[2] as Person).hrid)).toBeNull();
  });

  it('leaves nothing but that it was declined; later entries of the group are dropped in silence', async () => {
    const { founding, say, take } = await world('declined');
    const inbox = await Inbox.start(founding, 1);
    await inbox.join(founding);
    const first = await say(0, 'first');
    const second = await say(0, 'second');
    await take(inbox, second); // waits for the first
    expect(inbox.count('waiting')).toBe(1);
    await take(inbox, await say(2, 'other'));
    await inbox.state.transact((tx) => declineInvitation(tx, inbox.group));
    expect(inbox.group.name).toBe('');
    for (const table of ['ratchets', 'members', 'waiting', 'held', 'keyPackages'] as const) {
      expect(inbox.count(table)).toBe(0);
    }
    await take(inbox, first);
    await inbox.join(founding);
    expect(inbox.told).toEqual(['invited']);
    expect(inbox.count('early')).toBe(0);
    await expect(inbox.state.transact((tx) => acceptInvitation(tx, inbox.group))).rejects.toMatchObject({
      code: 'already-accepted',
    });
    await expect(inbox.state.transact((tx) => declineInvitation(tx, inbox.group))).rejects.toMatchObject({
      code: 'already-accepted',
    });
  });
});
