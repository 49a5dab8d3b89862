import { expect, it, vi } from 'vitest';
import { displacedChanges } from '../../../client/courier/changes.ts';
import { isOnPath } from '../../../client/protocol/lineage.ts';
import { loadLineage } from '../../../client/state/lineages.ts';
import { tables } from '../../../client/state/records.ts';
import { bytesKey, sameBytes } from '../../../client/wire/bytes.ts';
import { Circle } from '../../sim/circle.ts';
import type { Copy } from '../../sim/phone.ts';

it('a change that another one got ahead of is made again once, whenever the client ends', async () => {
  const circle = await Circle.found('renamed at once', 'Abc');
  const letters = await circle.apart({ a: (group) => group.rename('One'), b: (group) => group.rename('Two') });
  for (const letter of letters) circle.hand(letter);
  const copies: Copy[] = [];
  for (const phone of [circle.phone('a'), circle.phone('b')]) {
    const { commit } = phone.store;
    vi.spyOn(phone.store, 'commit').mockImplementation(async (writes) => {
      await commit(writes);
      copies.push(phone.copy());
    });
  }
  await circle.pass(3600, 60);
  const names = new Set([...'abc'].map((name) => circle.tip(name).name));
  expect([...names]).toEqual(['Two']);

  let displaced = 0;
  for (const copy of copies) {
    // Both stores of a circle's members name their client.
    for (const name of 'ab') {
      const { state, self } = (await circle.phone(name).from(copy)).client;
      const [group] = state.all(tables.groups);
      if (group === undefined || !sameBytes(self.hrid, circle.phone(name).client.self.hrid)) continue;
      const lineage = loadLineage(state, group.value.id);
      const tip = lineage.get(bytesKey(group.value.generation));
      for (const { value } of displacedChanges(state, group.value)) {
        displaced++;
        const again = [...lineage.values()].filter(
          ({ id, record }) =>
            sameBytes(record.author, self.hrid) &&
            !sameBytes(id, value.generation) &&
            value.changes.some((change) => change.type === 'rename' && change.name === record.operation.name),
        );
        expect(again.filter((generation) => tip !== undefined && isOnPath(generation, tip))).toEqual([]);
      }
    }
  }
  expect(displaced).toBeGreaterThan(0);
});

it.each([
  { anew: 'Two', because: 'the same again' },
  { anew: 'Three', because: 'otherwise' },
])(
  'a change that another one got ahead of is not made again once its person has changed it: $because',
  async ({ anew }) => {
    const circle = await Circle.found('renamed anew', 'Abc');
    const letters = await circle.apart({ a: (group) => group.rename('One'), b: (group) => group.rename('Two') });
    for (const letter of letters) circle.hand(letter);
    await circle.settle();
    const { state } = circle.phone('b').client;
    expect(displacedChanges(state, circle.record('b'))).toHaveLength(1);

    await circle.group('b').rename(anew);
    expect(displacedChanges(state, circle.record('b'))).toEqual([]);
    await circle.settle();
    expect(circle.tip('a').name).toBe(anew);
    await circle.group('a').rename('Last');
    await circle.pass(3600, 60);
    expect([...'abc'].map((name) => circle.tip(name).name)).toEqual(['Last', 'Last', 'Last']);
  },
);

it('of a change that another one got ahead of, what its person has not changed since is made again', async () => {
  const circle = await Circle.found('changed in part', 'ABcf', 'de');
  const invites = [...'de'].map((name) => circle.phone(name).invite);
  const letters = await circle.apart({
    a: (group) => group.remove(circle.phone('f').hrid),
    b: (group) => group.add(invites),
  });
  for (const letter of letters) circle.hand(letter);
  await circle.settle('abc');
  expect(circle.roster('b')).toBe('ABc');

  await circle.group('b').add(invites.slice(0, 1));
  await circle.settle('abcd');
  expect(circle.roster('a')).toBe('ABcd');
  await circle.group('a').remove(circle.phone('d').hrid);
  await circle.pass(3600, 60, 'abc');
  expect(circle.roster('a')).toBe('ABce');
  expect(circle.agreed('abc')).toBe('ABce');
});
