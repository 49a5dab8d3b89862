import { beforeEach, describe, expect, it } from 'vitest';
import { closeGenerations } from '../../../client/courier/closing.ts';
import { currentVector, type MemberState, type Ratchet } from '../../../client/protocol/ratchet.ts';
import { digestAt } from '../../../client/protocol/transcript.ts';
import { markPresent, ratchetsOf } from '../../../client/state/generations.ts';
import { saveLineage } from '../../../client/state/lineages.ts';
import { saveRatchet } from '../../../client/state/ratchets.ts';
import type { State } from '../../../client/state/state.ts';
import { type Bytes, bytesKey } from '../../../client/wire/bytes.ts';
import { at } from '../../support/chat.ts';
import { type Founding, foundTestGroup, sealText, startOfTime } from '../../support/group.ts';
import { nextTestGroup, talkInTestGroup } from '../../support/next-group.ts';
import { seededRandom } from '../../support/random.ts';
import { groupRecord, loadState } from '../../support/state.ts';

const random = seededRandom('closing');
const talked = await talkInTestGroup(random, await foundTestGroup(random, 3));
const next = await nextTestGroup(random, talked, 0);
const self = 1;

/** The others have come as far here as this client, and have said so later. */
function saidLater(ratchet: Ratchet): Ratchet {
  const vector = currentVector(ratchet);
  const said = (member: MemberState) => {
    return { ...member, later: { vector, digest: digestAt(ratchet, vector), contents: member.contents } };
  };
  return { ...ratchet, members: ratchet.members.map((member, i) => (i === self ? member : said(member))) };
}

/** Everybody has covered a word of this client. */
function covered(ratchet: Ratchet): Ratchet {
  const members = ratchet.members.map((member, i) => {
    return i === self ? { ...member, opened: 1 } : { ...member, vector: member.vector.with(self, 1) };
  });
  return { ...ratchet, members };
}

describe('closeGenerations()', () => {
  let state: State;
  beforeEach(async () => {
    state = await loadState();
  });

  const { group } = at(talked.ratchets, self);
  const { generation } = next;

  /** @returns whether it is closed */
  async function close(earlier: Ratchet, later: Ratchet): Promise<boolean> {
    const record = groupRecord({ id: group, generation: generation.id, roster: generation.roster });
    await state.transact(async (tx) => {
      saveLineage(tx, group, next.lineage);
      for (const ratchet of [earlier, later]) saveRatchet(tx, undefined, ratchet);
      markPresent(tx, group, generation.id, startOfTime);
      await closeGenerations(tx, record, startOfTime);
    });
    const idOf = (founding: Founding): Bytes => founding.generation.id;
    const open = ratchetsOf(state, group).map(bytesKey);
    expect(open).toContain(bytesKey(idOf(next)));
    return !open.includes(bytesKey(idOf(talked)));
  }

  async function withOneMoreWord(): Promise<Ratchet> {
    return (await sealText(random, at(talked.people, self), at(talked.ratchets, self), 'not heard by the author'))
      .ratchet;
  }

  it('closes what everybody has gone beyond, where a later generation has begun with this client’s newest leaf', async () => {
    expect(await close(saidLater(at(talked.ratchets, self)), at(next.ratchets, self))).toBe(true);
  });

  it('keeps open what is still to come of', async () => {
    expect(await close(at(talked.ratchets, self), at(next.ratchets, self))).toBe(false);
  });

  it('keeps a newer leaf open that others may seal to, until everybody has covered a later word', async () => {
    const earlier = saidLater(await withOneMoreWord());
    expect(await close(earlier, at(next.ratchets, self))).toBe(false);
    state = await loadState();
    expect(await close(earlier, covered(at(next.ratchets, self)))).toBe(true);
  });
});
