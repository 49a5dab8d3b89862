import { beforeEach, describe, expect, it } from 'vitest';
import { type Generation, pathTo } from '../../../client/protocol/lineage.ts';
import { Rule } from '../../../client/protocol/rule.ts';
import { deleteLineage, loadLineage, saveLineage } from '../../../client/state/lineages.ts';
import { tables } from '../../../client/state/records.ts';
import type { State } from '../../../client/state/state.ts';
import { type MemoryStore, memoryStore } from '../../../client/store/memory.ts';
import { bytesKey } from '../../../client/wire/bytes.ts';
import { at, createMembers } from '../../support/chat.ts';
import { seededRandom } from '../../support/random.ts';
import { SignedTree } from '../../support/records.ts';
import { loadState } from '../../support/state.ts';

const members = await createMembers(seededRandom('lineages'), 3);
let store: MemoryStore;
let state: State;
let tree: SignedTree;
let founding: Generation;

beforeEach(async () => {
  store = memoryStore();
  state = await loadState(store);
  tree = new SignedTree(members);
  founding = await tree.found();
});

const save = (of = tree) => state.transact((tx) => saveLineage(tx, of.group, of));
/** As after the program has started again. */
const load = async () => loadLineage(await loadState(store), tree.group);
const numbersOf = (lineage: Iterable<Generation>) => [...lineage].map(({ record }) => record.number);

describe('saveLineage() and loadLineage()', () => {
  it('give back the lineage, with rosters and names, branches and removals', async () => {
    const renamed = await tree.next(founding, 0, { name: 'Other' });
    const side = await tree.next(founding, 1, { removed: [2] });
    const tip = await tree.chain(renamed, 3);
    const carry = await tree.next(tip, 0, { removed: [2] }, [side]);
    expect((await save()).id).toEqual(carry.id);
    const loaded = await load();
    expect(new Map(loaded)).toEqual(new Map(tree));
    expect([...loaded.values()].map(({ id }) => bytesKey(id)).sort()).toEqual([...tree.keys()].sort());
    expect(new Rule(loaded).tip().roster).toEqual(carry.roster);
  });

  it('add what is new, and write nothing again but the first one', async () => {
    const first = await tree.chain(founding, 3);
    await save();
    const before = store.entries().size;
    const written: string[] = [];
    const { commit } = store;
    store.commit = (writes) => {
      written.push(...writes.map(({ key }) => key));
      return commit(writes);
    };
    await tree.next(first, 1);
    await save();
    // The first one is put each time, as it may have become that.
    expect(new Set(written).size).toBe(2);
    expect(store.entries().size).toBe(before + 1);
  });

  it('keep the last 256 of the path, whose first one stands for all before, and what branches off from them', async () => {
    const tip = await tree.chain(founding, 300);
    const path = pathTo(tip);
    const early = await tree.next(at(path, 10), 1);
    const onEarly = await tree.next(early, 1);
    const late = await tree.next(at(path, 290), 1);
    expect((await save()).id).toEqual(tip.id);
    const loaded = await load();
    expect(numbersOf(loaded.values())).toEqual(
      [...path.slice(45).map(({ record }) => record.number), 291].sort((a, b) => a - b),
    );
    for (const { id } of [early, onEarly, at(path, 44)]) expect(loaded.has(bytesKey(id))).toBe(false);
    expect(loaded.has(bytesKey(late.id))).toBe(true);
    const first = loaded.get(bytesKey(at(path, 45).id));
    expect(first).toMatchObject({ parent: null, changes: 0, roster: founding.roster, name: 'Test' });
    expect(new Rule(loaded).tip().id).toEqual(tip.id);

    // With the next one, the first one moves on, and takes its roster with it.
    const next = await tree.next(tip, 0, { name: 'Later' });
    await save();
    const moved = await load();
    expect(moved.size).toBe(loaded.size);
    expect([...moved.values()][0]).toMatchObject({ id: at(path, 46).id, parent: null });
    expect(moved.get(bytesKey(next.id))?.name).toBe('Later');
  });

  it('keep 1,024 records at most, and let go what was kept before', async () => {
    const first = await tree.next(founding, 1);
    for (let n = 0; n < 1022; n++) await tree.next(founding, 1);
    await save();
    expect((await load()).size).toBe(1024);
    const tip = await tree.next(await tree.chain(founding, 9), 0, { removed: [2] });
    expect((await save()).id).toEqual(tip.id);
    const loaded = await load();
    expect(loaded.size).toBe(1024);
    expect(loaded.has(bytesKey(first.id))).toBe(false);
    expect(new Rule(loaded).tip().id).toEqual(tip.id);
  });

  it('keep groups apart, and deleteLineage() leaves the others', async () => {
    await save();
    const other = new SignedTree(members, new Uint8Array(32).fill(8));
    await other.found();
    await save(other);
    expect(loadLineage(state, other.group).size).toBe(1);
    await state.transact((tx) => deleteLineage(tx, tree.group));
    expect(loadLineage(state, tree.group).size).toBe(0);
    expect(loadLineage(state, other.group).size).toBe(1);
    expect(state.all(tables.lineage)).toHaveLength(1);
  });

  it('know nothing of a group that is not here', () => {
    expect(loadLineage(state, new Uint8Array(32)).size).toBe(0);
  });
});
