import { describe, expect, it } from 'vitest';
import { Delays } from '../../../client/courier/delays.ts';
import type { Registered } from '../../../client/courier/registered.ts';
import { Sealer } from '../../../client/courier/sealer.ts';
import type { Ratchet } from '../../../client/protocol/ratchet.ts';
import { startConversation } from '../../../client/state/history.ts';
import { readHistory } from '../../../client/state/history-entry.ts';
import { saveRatchet } from '../../../client/state/ratchets.ts';
import { type GroupRecord, tables } from '../../../client/state/records.ts';
import { sendDeletion, sendEdit, sendMessage } from '../../../client/state/unsent.ts';
import { httpRelay } from '../../../client/transport/http.ts';
import { type Bytes, bytesKey } from '../../../client/wire/bytes.ts';
import { curves, foundTestGroup, type Person, startOfTime } from '../../support/group.ts';
import { seededRandom } from '../../support/random.ts';
import { groupRecord, loadState } from '../../support/state.ts';

const id = (n: number): Bytes => new Uint8Array(16).fill(n);

/** A client in some groups, whose queue is drained when the test says so. */
async function start(seed: string, count = 1) {
  const random = seededRandom(`sealer ${seed}`);
  const foundings = await Promise.all(Array.from({ length: count }, () => foundTestGroup(random, 2)));
  const founder = foundings[0]?.people[0] as Person;
  const state = await loadState();
  const groups = foundings.map(({ generation: founded, ratchets: [own] }): GroupRecord => {
    const { group, generation } = own as Ratchet;
    const { hrid, identity } = founder;
    const [entry, ...others] = founded.roster;
    const roster = entry === undefined ? [] : [{ ...entry, hrid, pk: identity.pk }, ...others];
    return groupRecord({ id: group, generation, roster });
  });
  await state.transact((tx) => {
    tx.put(tables.identity, '', { relay: 'http://relay.test', seed: founder.identity.seed, hrid: founder.hrid });
    tx.put(tables.numbers, '', { nextSend: 1, nextEvent: 0, cursor: null });
    for (const [i, group] of groups.entries()) {
      tx.put(tables.groups, bytesKey(group.id), group);
      startConversation(tx, group.id, { type: 'all' });
      saveRatchet(tx, undefined, foundings[i]?.ratchets[0] as Ratchet);
    }
  });
  const client: Registered = {
    self: { identity: founder.identity, hrid: founder.hrid },
    state,
    relay: httpRelay('http://relay.test'),
    as: { hrid: founder.hrid, sign: async () => new Uint8Array(64) },
    curves,
    random: random.bytes,
    now: () => startOfTime,
  };
  const delays = new Delays(
    () => 0,
    () => {},
  );
  const sealer = new Sealer({
    client,
    change: (run) => state.transact(run),
    isReady: () => true,
    sealed: () => {},
    delays,
  });
  const first = groups[0] as GroupRecord;
  const say = (n: number, text: string, group = first) =>
    state.transact((tx) => {
      const heading = { id: id(n), reply: null, asksReceipt: false };
      return sendMessage(tx, group, heading, { type: 'text', text }, startOfTime);
    });
  const edit = (n: number, target: number, text: string) =>
    state.transact((tx) => sendEdit(tx, first, id(n), id(target), text, startOfTime));
  const takeBack = (n: number, target: number, group = first) =>
    state.transact((tx) => sendDeletion(tx, group, id(n), id(target), startOfTime));
  const unsent = () => state.all(tables.unsent).map(({ value }) => value.content.id[0]);
  const sealed = () => state.all(tables.outgoing).map(({ value }) => value.message?.id[0]);
  return { state, groups, sealer, say, edit, takeBack, unsent, sealed };
}

describe('seal()', () => {
  it('seals what was said in its order, and never what was taken back while it was at work', async () => {
    const { sealer, say, takeBack, sealed, unsent } = await start('order');
    await say(1, 'one');
    await say(2, 'two');
    const sealing = sealer.seal();
    // Behind the first one: the places of those that are gone are free again.
    await Promise.all([takeBack(9, 2), say(3, 'three'), say(4, 'four')]);
    await sealing;
    await sealer.seal();
    expect(sealed()).toEqual([1, 3, 4]);
    expect(unsent()).toEqual([]);
  });
});

describe('sendDeletion()', () => {
  it('takes what is not sealed yet back with its edits, and nothing of it is sent', async () => {
    const { say, edit, takeBack, unsent } = await start('edits');
    await say(1, 'one');
    await edit(2, 1, 'uno');
    await say(3, 'three');
    await edit(4, 3, 'tre');
    await takeBack(5, 1);
    expect(unsent()).toEqual([3, 4]);
  });

  it('is about one group, whatever ids stand in another', async () => {
    const { state, groups, say, takeBack } = await start('groups', 2);
    const [first, second] = groups as [GroupRecord, GroupRecord];
    await say(1, 'here', second);
    await say(1, 'there', first);
    await takeBack(2, 1, first);
    const left = state.all(tables.unsent).map(({ value }) => bytesKey(value.group));
    expect(left).toEqual([bytesKey(second.id)]);
    const [entry] = await readHistory(state, first.id, { limit: 1 });
    expect(entry?.state).not.toBe('unsent');
  });
});
