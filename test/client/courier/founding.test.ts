import { describe, expect, it } from 'vitest';
import { createGroup } from '../../../client/courier/founding.ts';
import type { Registered } from '../../../client/courier/registered.ts';
import { tables } from '../../../client/state/records.ts';
import { httpRelay } from '../../../client/transport/http.ts';
import type { Invite } from '../../../client/wire/invite.ts';
import { at, refusal } from '../../support/chat.ts';
import { createPeople, createPerson, curves, startOfTime } from '../../support/group.ts';
import { seededRandom } from '../../support/random.ts';
import { loadState } from '../../support/state.ts';

const random = seededRandom('founding');
const url = 'http://relay.test';
const founder = await createPerson(random, 'founder');
const invites = (await createPeople(random, 256)).map(
  ({ hrid, identity }): Invite => ({ relay: url, hrid, pk: identity.pk }),
);

/** How founding a group with these is refused: before the relay is asked, and with nothing written. */
async function refusalOf(contacts: readonly Invite[]): Promise<string> {
  const state = await loadState();
  const client: Registered = {
    self: founder,
    state,
    relay: httpRelay(url),
    as: { hrid: founder.hrid, sign: async () => new Uint8Array(64) },
    curves,
    random: random.bytes,
    now: () => startOfTime,
  };
  const code = await refusal(() => createGroup(client, contacts, 'Test'));
  expect(state.all(tables.contacts)).toEqual([]);
  return code;
}

describe('createGroup()', () => {
  it.each([0, 256])('refuses %i newcomers', async (count) => {
    expect(await refusalOf(invites.slice(0, count))).toBe('group-size');
  });

  it('refuses a member or a key that stands twice', async () => {
    const [first, second] = [at(invites, 0), at(invites, 1)];
    const { hrid, identity } = founder;
    for (const twice of [
      [first, first],
      [first, { ...second, hrid: first.hrid }],
      [first, { ...second, pk: first.pk }],
      [{ ...first, hrid }],
      [{ ...first, pk: identity.pk }],
    ]) {
      expect(await refusalOf(twice)).toBe('duplicate-member');
    }
  });
});
