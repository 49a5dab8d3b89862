import { beforeEach, describe, expect, it } from 'vitest';
import type { Generation } from '../../../client/protocol/lineage.ts';
import { namedContribution, type Ratchet } from '../../../client/protocol/ratchet.ts';
import {
  accessTo,
  closeGeneration,
  deleteKeys,
  exportSecretOf,
  heldBranches,
  heldPath,
  holdingsOf,
  knownLeavesIn,
  ratchetsOf,
  wasHeardIn,
} from '../../../client/state/generations.ts';
import { loadRatchet, saveRatchet } from '../../../client/state/ratchets.ts';
import { tables } from '../../../client/state/records.ts';
import type { State } from '../../../client/state/state.ts';
import { type Bytes, bytesKey } from '../../../client/wire/bytes.ts';
import { at, Chat } from '../../support/chat.ts';
import {
  accept,
  createPeople,
  deliver,
  type Founding,
  foundTestGroup,
  ownerOf,
  sealText,
  startOfTime,
} from '../../support/group.ts';
import { type NextPlan, nextTestGroup, openNext, talkInTestGroup } from '../../support/next-group.ts';
import { seededRandom } from '../../support/random.ts';
import { loadState } from '../../support/state.ts';

const random = seededRandom('generations');
/** Three in a group: as it was founded, and its next generation, in which all have said something. */
const founded = await foundTestGroup(random, 3);
const talked = await talkInTestGroup(random, await nextTestGroup(random, founded, 0));
/** The one after, opened by the second member; nobody has said anything there. */
const third = await nextTestGroup(random, talked, 1);
const elsewhere = (await Chat.start(random, 2)).ratchet(0);
const hrid = (position: number): Bytes => at(third.people, position).hrid;
const idOf = ({ generation }: Founding) => generation.id;
const keys = (ids: readonly Bytes[]) => ids.map(bytesKey).sort();

let state: State;
beforeEach(async () => {
  state = await loadState();
});

/** What a member's client holds of these generations. */
const hold = (to: State, position: number, ...groups: readonly Founding[]) =>
  to.transact((tx) => {
    for (const { ratchets } of groups) saveRatchet(tx, undefined, at(ratchets, position));
  });
const close = (group: Founding, position = 0) =>
  state.transact((tx) => closeGeneration(tx, at(group.ratchets, position), startOfTime));
const path = (tip: Generation = third.generation) => heldPath(state, tip);

describe('ratchetsOf()', () => {
  it('names the generations of a group, and no other’s', async () => {
    await hold(state, 0, founded, talked);
    await state.transact((tx) => saveRatchet(tx, undefined, elsewhere));
    expect(keys(ratchetsOf(state, at(founded.ratchets, 0).group))).toEqual(keys([idOf(founded), idOf(talked)]));
    expect(keys(ratchetsOf(state, elsewhere.group))).toEqual([bytesKey(elsewhere.generation)]);
  });
});

describe('holdingsOf()', () => {
  it('has a key package until it ends', async () => {
    const { keyPackage } = at(founded.people, 0);
    await state.transact((tx) => tx.put(tables.keyPackages, bytesKey(keyPackage.id), keyPackage));
    expect(holdingsOf(state, keyPackage.expires - 1).package(keyPackage.id)).toEqual(keyPackage);
    expect(holdingsOf(state, keyPackage.expires).package(keyPackage.id)).toBeNull();
    expect(holdingsOf(state, 0).package(random.bytes(32))).toBeNull();
  });

  it('has the own leaf that so many messages name, in the generation where it was made', async () => {
    await hold(state, 1, talked);
    const { leaf } = holdingsOf(state, startOfTime);
    const own = at(at(talked.ratchets, 1).members, 1);
    const { leaf: key, leafSecret: secret } = namedContribution(own, 1);
    const origin = { type: 'contribution', generation: idOf(talked), from: 1 } as const;
    expect(leaf(origin)).toEqual({ key, secret });
    expect(leaf({ ...origin, from: 7 })).toBeNull();
    expect(leaf({ ...origin, generation: random.bytes(32) })).toBeNull();
  });

  it('has it still where a later generation has begun with it, when the earlier one is closed', async () => {
    await hold(state, 2, talked, third);
    const origin = { type: 'contribution', generation: idOf(talked), from: 1 } as const;
    const before = holdingsOf(state, startOfTime).leaf(origin);
    await close(talked, 2);
    expect(loadRatchet(state, idOf(talked))).toBeUndefined();
    expect(holdingsOf(state, startOfTime).leaf(origin)).toEqual(before);
    expect(before).not.toBeNull();
    expect(holdingsOf(state, startOfTime).leaf({ ...origin, from: 0 })).toBeNull();
  });

  it('has export secrets of open generations and of closed ones', async () => {
    await hold(state, 0, founded, talked);
    await close(founded);
    for (const group of [founded, talked]) {
      const { exportSecret } = at(group.ratchets, 0);
      expect(exportSecretOf(state, idOf(group))).toEqual(exportSecret);
      expect(holdingsOf(state, startOfTime).exportSecret(idOf(group))).toEqual(exportSecret);
    }
    expect(exportSecretOf(state, idOf(third))).toBeNull();
  });
});

describe('knownLeavesIn()', () => {
  it('knows the leaves of members by their origin, as far as their generation is open', async () => {
    await hold(state, 0, talked);
    const known = knownLeavesIn(state);
    const origin = { type: 'contribution', generation: idOf(talked), from: 1 } as const;
    expect(known(hrid(2), origin)).toEqual(namedContribution(at(at(talked.ratchets, 2).members, 2), 1).leaf);
    expect(known(hrid(1), origin)).not.toEqual(known(hrid(2), origin));
    expect(known(hrid(2), { ...origin, from: 2 })).toBeNull();
    expect(known(random.bytes(32), origin)).toBeNull();
    expect(known(hrid(2), { ...origin, generation: idOf(founded) })).toBeNull();
  });
});

describe('wasHeardIn()', () => {
  it('is true of who has opened a generation or said something there, also when it is closed', async () => {
    await hold(state, 0, founded, talked, third);
    const heard = () =>
      path().map((held) => [0, 1, 2].filter((position) => wasHeardIn(state, held, hrid(position))).join(''));
    // The newest first.
    expect(heard()).toEqual(['1', '012', '0']);
    await close(talked);
    await close(third);
    expect(heard()).toEqual(['1', '012', '0']);
    const { heard: kept, since } = state.get(tables.exports, bytesKey(idOf(third))) ?? { heard: [], since: 0 };
    expect([keys(kept), since]).toEqual([keys([hrid(1)]), startOfTime]);
  });
});

describe('accessTo()', () => {
  /** What can be had, by the number of its generation. */
  const access = (position: number, tip = third.generation) => {
    const { leaf, exportSecret } = accessTo(state, path(tip), [], hrid(position));
    const numberOf = (id: Bytes | undefined) =>
      path(tip).find(({ generation }) => id && bytesKey(generation.id) === bytesKey(id))?.generation.record.number;
    return {
      leaf: leaf && [numberOf(leaf.origin.generation), leaf.origin.from],
      X: exportSecret && numberOf(exportSecret.generation),
    };
  };

  it('is the newest leaf, and X of the newest generation in which the member was heard', async () => {
    await hold(state, 0, founded, talked, third);
    // The second one has opened the third generation, with a leaf of its own; the third one was heard in the second.
    expect(access(1)).toEqual({ leaf: [2, 0], X: 2 });
    expect(access(2)).toEqual({ leaf: [1, 1], X: 1 });
    const [, , speaker] = third.people;
    const { body, headers } = await sealText(random, at(third.people, 2), at(third.ratchets, 2), 'hello');
    const after = (await deliver(at(third.ratchets, 0), 2, at(headers, 0), body)).ratchet;
    await state.transact((tx) => saveRatchet(tx, at(third.ratchets, 0), after));
    expect(speaker).toBeDefined();
    expect(access(2)).toEqual({ leaf: [2, 1], X: 2 });
  });

  it('is what the member has made since, where a generation was opened by who had not heard it', async () => {
    const speaker = at(talked.people, 2);
    const { body, headers } = await sealText(random, speaker, at(talked.ratchets, 2), 'not heard by the second one');
    const heard = (await deliver(at(talked.ratchets, 0), 2, at(headers, 0), body)).ratchet;
    await hold(state, 0, founded, third);
    await state.transact((tx) => saveRatchet(tx, undefined, heard));
    expect(access(2)).toEqual({ leaf: [1, 2], X: 1 });
    await close(third);
    expect(access(2)).toEqual({ leaf: [1, 2], X: 1 });
  });

  it('is what the member has made in a competing generation, if it is later', async () => {
    const rival = await talkInTestGroup(random, await nextTestGroup(random, talked, 0));
    await hold(state, 0, founded, talked, third, rival);
    const lineage = new Map([...third.lineage, ...rival.lineage]);
    const leaf = (position: number) => {
      const branches = heldBranches(state, lineage, path());
      return accessTo(state, path(), branches, hrid(position)).leaf?.origin;
    };
    expect(leaf(2)).toEqual({ type: 'contribution', generation: idOf(rival), from: 1 });
    // It has opened the third one, and that is no earlier.
    expect(leaf(1)).toEqual({ type: 'contribution', generation: idOf(third), from: 0 });
    await close(rival);
    expect(leaf(2)).toEqual({ type: 'contribution', generation: idOf(talked), from: 1 });
  });

  it('is what the member has made in a generation that has begun with the leaf, wherever that was made', async () => {
    const rival = await talkInTestGroup(random, await nextTestGroup(random, talked, 0));
    await hold(state, 0, founded, talked, third, rival);
    const lineage = new Map([...third.lineage, ...rival.lineage]);
    const plan: NextPlan = {
      access: (known, to) => {
        const branches = heldBranches(state, lineage, path());
        return { package: known.package, ...accessTo(state, path(), branches, to.hrid) };
      },
    };
    const [spoken, tip] = [await openNext(random, third, 0, plan), await openNext(random, third, 0, plan)];
    if (spoken.ratchet === null || tip.ratchet === null) throw new RangeError('the author is in both');
    const { ratchet } = spoken;
    const speaker = at(ratchet.members, 2);
    expect(speaker.firstLeaf).toEqual({ type: 'contribution', generation: idOf(rival), from: 1 });
    const contributions = [...speaker.contributions, { ...at(speaker.contributions, 0), from: 1 }];
    const heard = { ...ratchet, members: ratchet.members.with(2, { ...speaker, opened: 1, contributions }) };
    await state.transact((tx) => {
      for (const each of [heard, tip.ratchet]) if (each) saveRatchet(tx, undefined, each);
    });
    for (const { generation } of [spoken, tip]) lineage.set(bytesKey(generation.id), generation);
    const branches = heldBranches(state, lineage, path(tip.generation));
    const { leaf } = accessTo(state, path(tip.generation), branches, hrid(2));
    expect(leaf?.origin).toEqual({ type: 'contribution', generation: spoken.generation.id, from: 1 });
  });

  it('is, of who was never heard, X of the generation in which it has joined, and its first leaf', async () => {
    const [newcomer] = await createPeople(random, 1);
    if (newcomer === undefined) throw new RangeError('a newcomer expected');
    const joined = await nextTestGroup(random, third, 0, {
      operation: { added: [{ ...ownerOf(newcomer), role: 'member' }] },
      newcomers: [newcomer],
    });
    const later = await nextTestGroup(random, joined, 0);
    await hold(state, 0, third, joined, later);
    const { leaf, exportSecret } = accessTo(state, path(later.generation), [], newcomer.hrid);
    expect(exportSecret?.generation).toEqual(idOf(joined));
    expect(leaf).toEqual({
      key: newcomer.keyPackage.leaf,
      origin: { type: 'contribution', generation: idOf(joined), from: 0 },
    });
  });

  it('goes further back for an X that is not here any more, and else is the oldest that is shared', async () => {
    await hold(state, 0, founded, third);
    // Nothing is kept of the generation in which the third one was heard last.
    expect(access(2)).toEqual({ leaf: [1, 1], X: 0 });
    await close(founded);
    expect(access(2)).toEqual({ leaf: [1, 1], X: 0 });
    await state.transact((tx) => tx.delete(tables.exports, bytesKey(idOf(founded))));
    expect(access(2)).toEqual({ leaf: [1, 1], X: 2 });
    await state.transact((tx) => deleteKeys(tx, at(third.ratchets, 0).group));
    expect(access(2)).toEqual({ leaf: null, X: null });
  });

  it('never goes back beyond where the member has come back with nothing of before', async () => {
    const back = at(third.people, 2);
    const returned = await nextTestGroup(random, third, 0, {
      returned: [{ position: 2, held: null }],
      access: (known, to) => (to === back ? { ...known, leaf: null, exportSecret: null } : known),
    });
    const later = await nextTestGroup(random, returned, 0);
    await hold(state, 0, founded, talked, third, returned, later);
    expect(accessTo(state, path(later.generation), [], back.hrid).exportSecret?.generation).toEqual(idOf(returned));
    await close(returned);
    expect(accessTo(state, path(later.generation), [], back.hrid).exportSecret?.generation).toEqual(idOf(returned));
  });

  it('is what the members’ own clients can open', async () => {
    const clients = await Promise.all([1, 2].map(async (position) => ({ position, state: await loadState() })));
    await hold(state, 0, founded, talked, third);
    await close(talked);
    for (const client of clients) await hold(client.state, client.position, founded, talked, third);
    const opened = await openNext(random, third, 0, {
      access: (known, { hrid }) => ({ package: known.package, ...accessTo(state, path(), [], hrid) }),
    });
    for (const { position, state: theirs } of clients) {
      const { package: _, ...holdings } = holdingsOf(theirs, startOfTime);
      const known = { holdings, lineage: third.lineage, knownLeaf: knownLeavesIn(theirs) };
      const accepted = await accept(
        at(third.people, position),
        hrid(0),
        at(opened.headers, position),
        opened.body,
        known,
      );
      expect(accepted.secretFingerprint).toEqual(opened.secretFingerprint);
    }
  });
});

describe('closeGeneration() and deleteKeys()', () => {
  const count = () =>
    [tables.ratchets, tables.members, tables.contributions, tables.transcripts, tables.waiting, tables.exports].map(
      (table) => state.all<unknown>(table).length,
    );

  it('leave X of the one, and nothing of the other; other groups stay', async () => {
    await state.transact((tx) => saveRatchet(tx, undefined, elsewhere));
    const before = count();
    await hold(state, 0, founded, talked);
    await close(founded);
    const { group } = at(founded.ratchets, 0);
    expect(state.get(tables.exports, bytesKey(idOf(founded)))).toMatchObject({ group });
    expect(loadRatchet(state, idOf(founded))).toBeUndefined();
    expect(loadRatchet(state, idOf(talked))).toEqual(at(talked.ratchets, 0) satisfies Ratchet);
    await state.transact((tx) => deleteKeys(tx, group));
    expect(count()).toEqual(before);
    expect(loadRatchet(state, elsewhere.generation)).toEqual(elsewhere);
  });
});
