import { describe, expect, it } from 'vitest';
import {
  abandonOutgoing,
  confirmOutgoing,
  dropUnconfirmed,
  giveUp,
  markAccepted,
  markDelivered,
  putOutgoing,
  readEnvelope,
  recipientsOf,
  repost,
  repostLost,
  rollBack,
  sealContent,
  startOver,
} from '../../../client/courier/outbox.ts';
import type { Ratchet } from '../../../client/protocol/ratchet.ts';
import { sentKey } from '../../../client/state/history.ts';
import { unposted } from '../../../client/state/pending.ts';
import { loadRatchet, saveRatchet } from '../../../client/state/ratchets.ts';
import { archives, type Outgoing, tables } from '../../../client/state/records.ts';
import { State, type Transaction } from '../../../client/state/state.ts';
import { memoryStore } from '../../../client/store/memory.ts';
import { numberKey } from '../../../client/store/store.ts';
import { bytesKey } from '../../../client/wire/bytes.ts';
import {
  curves,
  deliver,
  type Founding,
  foundTestGroup,
  type Person,
  sealText,
  startOfTime,
  textContent,
} from '../../support/group.ts';
import { seededRandom } from '../../support/random.ts';
import { groupRecord } from '../../support/state.ts';

/** The founder of a group of three that says things; the others answer from outside. */
async function start(seed: string) {
  const random = seededRandom(`outbox ${seed}`);
  const founding: Founding = await foundTestGroup(random, 3);
  const [founder, second, third] = founding.people as [Person, Person, Person];
  const [own, ...others] = founding.ratchets as [Ratchet, Ratchet, Ratchet];
  const { group: id, generation } = own;
  const group = groupRecord({ id, generation, roster: founding.generation.roster });
  const store = memoryStore();
  const state = await State.load(store, Object.values(tables));
  await state.transact((tx) => {
    tx.put(tables.numbers, '', { nextSend: 1, nextEvent: 0, cursor: null });
    saveRatchet(tx, undefined, own);
  });
  const self = { identity: founder.identity, hrid: founder.hrid };
  let time = startOfTime;
  const by = { curves, random: random.bytes, self, now: () => time };
  const names = new Map<string, string>();
  const say = async (text: string) => {
    const content = textContent(random, text);
    names.set(bytesKey(content.id), text);
    await state.transact((tx) => sealContent(tx, by, group, content));
  };
  /** Both others open everything that was said, and answer. */
  const answer = async () => {
    for (const [i, person] of [second, third].entries()) {
      for (const { value } of state.all(tables.outgoing)) {
        const { body, to } = await readEnvelope(state, value);
        const header = to[i]?.header ?? new Uint8Array();
        const opened = await deliver(others[i] as Ratchet, 0, header, body).catch(() => null);
        if (opened) others[i] = opened.ratchet;
      }
      const sealed = await sealText(random, person, others[i] as Ratchet, 'answer');
      others[i] = sealed.ratchet;
      await state.transact(async (tx) => {
        const before = loadRatchet(tx, generation) as Ratchet;
        const { ratchet } = await deliver(before, i + 1, sealed.headers[0] ?? new Uint8Array(), sealed.body);
        saveRatchet(tx, before, ratchet);
        await confirmOutgoing(tx, ratchet, () => true);
      });
    }
  };
  const told = () =>
    state
      .all(tables.events)
      .map(({ value }) => ('id' in value ? `${value.type} ${names.get(bytesKey(value.id))}` : value.type));
  const states = () => state.all(tables.outgoing).map(({ value }) => `${value.n} ${value.state}`);
  const unsent = () => state.all(tables.unsent).map(({ value }) => names.get(bytesKey(value.content.id)));
  const pass = (seconds: number) => {
    time += seconds;
    return time;
  };
  const envelopes = () => [...store.entries().keys()].filter((key) => key.startsWith('envelope/')).length;
  return { state, founding, group, by, random, say, answer, told, states, unsent, pass, envelopes };
}

/** The agreement that has founded the group, as what is to be sent. */
function putAgreement(tx: Transaction, { generation, body, headers }: Founding): void {
  const { id, record, roster } = generation;
  const to = recipientsOf(roster, 0, headers);
  putOutgoing(tx, { group: record.group, generation: id, part: 'agreement', message: null, to, body }, 0);
}

describe('sealContent()', () => {
  it('keeps what has the same id in another group, when it seals something again', async () => {
    const { state, group, by, random, say, states } = await start('again elsewhere');
    await say('one');
    await state.transact((tx) => markAccepted(tx, { n: 1, refused: [] }));
    const one = state.get(tables.outgoing, numberKey(1)) as Outgoing;
    const other = new Uint8Array(32).fill(9);
    const elsewhere = { ...one, n: 9, group: other, generation: other };
    await state.transact((tx) => tx.put(tables.outgoing, numberKey(9), elsewhere));
    const { id } = one.message ?? textContent(random, '');
    const content = { ...textContent(random, 'one'), id, again: other };
    await state.transact((tx) => sealContent(tx, by, group, content));
    expect(states()).toEqual(['1 accepted', '2 sealed', '9 accepted']);
  });

  it('stores envelopes for all others under running numbers', async () => {
    const { state, founding, say, states } = await start('seal');
    await say('one');
    await say('two');
    expect(states()).toEqual(['1 sealed', '2 sealed']);
    expect(state.get(tables.numbers, '')?.nextSend).toBe(3);
    const [first] = unposted(state);
    const { to } = await readEnvelope(state, first as Outgoing);
    expect(to.map(({ hrid }) => bytesKey(hrid))).toEqual(founding.people.slice(1).map(({ hrid }) => bytesKey(hrid)));
    expect(to.map(({ header }) => header.length)).toEqual([48, 48]);
  });
});

describe('markAccepted()', () => {
  it('tells once, names who was refused, and knows no other numbers', async () => {
    const { state, founding, say, states } = await start('accepted');
    await say('one');
    const accepted = {
      n: 1,
      refused: [
        { index: 1, code: 'gone' as const },
        { index: 7, code: 'gone' as const },
      ],
    };
    await state.transact((tx) => markAccepted(tx, accepted));
    await state.transact((tx) => markAccepted(tx, accepted));
    await state.transact((tx) => markAccepted(tx, { n: 5, refused: [] }));
    const [event, ...more] = state.all(tables.events).map(({ value }) => value);
    expect(event).toMatchObject({
      type: 'accepted',
      refused: [{ hrid: founding.people[2]?.hrid, code: 'gone' }],
    });
    expect(more).toEqual([]);
    expect(states()).toEqual(['1 accepted']);
  });
});

describe('an agreement', () => {
  it('that some recipients refuse is told, and one that all refuse is never taken for delivered', async () => {
    const { state, founding, told, states } = await start('unreached');
    for (let n = 1; n <= 2; n++) {
      await state.transact((tx) => putAgreement(tx, founding));
      const refused = [1, 0].slice(0, n).map((index) => ({ index, code: 'mailbox-full' as const }));
      await state.transact((tx) => markAccepted(tx, { n, refused: [...refused, ...refused] }));
      expect(told()).toEqual(Array.from({ length: n }, () => 'unreached'));
    }
    const [some, all] = state.all(tables.events).map(({ value }) => (value.type === 'unreached' ? value.refused : []));
    expect(some).toEqual([{ hrid: founding.people[2]?.hrid, code: 'mailbox-full' }]);
    expect(all?.map(({ hrid }) => hrid)).toEqual(founding.people.slice(1).map(({ hrid }) => hrid));
    await state.transact((tx) => markDelivered(tx, { n: 2, acknowledged: 1, missed: [] }));
    // What nobody is given, nobody will confirm.
    expect(states()).toEqual(['1 accepted']);
    expect(told()).toEqual(['unreached', 'unreached']);
  });
});

describe('what was accepted before, and then given up or rolled back,', () => {
  it('is not told as failed: somebody may have it', async () => {
    for (const end of ['give up', 'roll back'] as const) {
      const { state, say, told, states, unsent } = await start(end);
      await say('one');
      await say('two');
      await state.transact((tx) => markAccepted(tx, { n: 1, refused: [] }));
      await state.transact((tx) => repost(tx, 1));
      expect(states()).toEqual(['1 again', '2 sealed']);
      const [first] = unposted(state) as [Outgoing];
      if (end === 'give up') {
        await state.transact((tx) => giveUp(tx, first, 'too-large'));
        expect(told()).toEqual(['accepted one']);
        expect(states()).toEqual(['1 sealed']);
      } else {
        await state.transact((tx) => rollBack(tx, 7));
        expect(told().filter((line) => line.includes(' '))).toEqual(['accepted one']);
        expect(unsent()).toEqual(['one', 'two']);
        expect(states()).toEqual([]);
      }
    }
  });
});

describe('a message that nobody gets', () => {
  it('fails, is kept for who cannot go on without it, and is never told as delivered', async () => {
    const { state, say, answer, told, states, envelopes } = await start('undeliverable');
    await say('one');
    const refused = [0, 1].map((index) => ({ index, code: 'mailbox-full' as const }));
    await state.transact((tx) => markAccepted(tx, { n: 1, refused }));
    await state.transact((tx) => markDelivered(tx, { n: 1, acknowledged: 1, missed: [] }));
    expect(told()).toEqual(['accepted one', 'failed one']);
    expect(states()).toEqual(['1 refused']);
    expect(envelopes()).toBe(1);
    // Its number is another's now.
    await say('two');
    await state.transact((tx) => startOver(tx));
    expect(states()).toEqual(['1 sealed', '1 refused']);
    // Somebody got it after all.
    await answer();
    expect(told().slice(2)).toEqual([
      ...['accepted two', 'delivered two', 'confirmed two'],
      ...['delivered one', 'confirmed one'],
    ]);
    expect(envelopes()).toBe(0);
  });
});

describe('dropUnconfirmed()', () => {
  it('waits for 31 days, and never for what was not posted', async () => {
    const { state, say, states, pass, envelopes } = await start('unconfirmed');
    for (const text of ['accepted', 'delivered']) await say(text);
    await state.transact(async (tx) => {
      await markAccepted(tx, { n: 1, refused: [] });
      await markDelivered(tx, { n: 2, acknowledged: 1, missed: [] });
    });
    const day = 24 * 3600;
    pass(day);
    await say('sealed');
    const almost = pass(30 * day - 1);
    await state.transact((tx) => dropUnconfirmed(tx, almost));
    expect(states()).toEqual(['1 accepted', '2 delivered', '3 sealed']);
    const now = pass(1);
    await state.transact((tx) => dropUnconfirmed(tx, now));
    expect(states()).toEqual(['3 sealed']);
    expect(envelopes()).toBe(1);
    await state.transact((tx) => dropUnconfirmed(tx, now + 365 * day));
    expect(states()).toEqual(['3 sealed']);
  });
});

describe('abandonOutgoing()', () => {
  it('fails what was not posted, ends the rest, and leaves other groups alone', async () => {
    const { state, group, say, told, states, envelopes } = await start('abandoned');
    for (const text of ['one', 'two']) await say(text);
    await state.transact((tx) => markAccepted(tx, { n: 1, refused: [] }));
    await state.transact((tx) => abandonOutgoing(tx, new Uint8Array(32), 'group-lost'));
    expect(states()).toEqual(['1 accepted', '2 sealed']);
    await state.transact((tx) => abandonOutgoing(tx, group.id, 'group-lost'));
    expect(told()).toEqual(['accepted one', 'failed two']);
    expect(states()).toEqual([]);
    expect(envelopes()).toBe(0);
  });
});

describe('markDelivered()', () => {
  it('tells acceptance first where the answer to it was lost or is late, and each once', async () => {
    const { state, say, told, states } = await start('delivered');
    await say('one');
    await state.transact((tx) => markDelivered(tx, { n: 1, acknowledged: 1, missed: [] }));
    await state.transact((tx) => markAccepted(tx, { n: 1, refused: [] }));
    await state.transact((tx) => markDelivered(tx, { n: 1, acknowledged: 1, missed: [] }));
    await state.transact((tx) => markDelivered(tx, { n: 2, acknowledged: 1, missed: [] }));
    expect(told()).toEqual(['accepted one', 'delivered one']);
    expect(states()).toEqual(['1 delivered']);
  });

  it('tells who will never have it, and that nobody has it for what it is', async () => {
    const { state, say, told, states, founding } = await start('missed');
    for (const text of ['some', 'nobody']) await say(text);
    const missed = [{ index: 1, code: 'expired' as const }];
    await state.transact(async (tx) => {
      await markDelivered(tx, { n: 1, acknowledged: 1, missed });
      await markDelivered(tx, { n: 2, acknowledged: 0, missed: [{ index: 0, code: 'gone' }, ...missed] });
    });
    expect(told()).toEqual(['accepted some', 'delivered some', 'unreached', 'accepted nobody', 'failed nobody']);
    const told1 = state.all(tables.events).map(({ value }) => value);
    expect(told1).toContainEqual(
      expect.objectContaining({
        type: 'unreached',
        refused: [{ hrid: founding.people[2]?.hrid, code: 'expired' }],
      }),
    );
    expect(told1.at(-1)).toMatchObject({ type: 'failed', code: 'undeliverable' });
    // Its envelope stays: what follows cannot be opened without it.
    expect(states()).toEqual(['2 refused', '1 delivered'].sort());
  });

  it('tells which members an agreement did not reach', async () => {
    const { state, founding, told, states } = await start('agreement missed');
    await state.transact((tx) => putAgreement(tx, founding));
    await state.transact((tx) => markDelivered(tx, { n: 1, acknowledged: 1, missed: [{ index: 0, code: 'gone' }] }));
    expect(told()).toEqual(['unreached']);
    expect(states()).toEqual([]);
  });

  it('lets an agreement go, and tells nothing of it', async () => {
    const { state, founding, told, states, envelopes } = await start('agreement');
    await state.transact((tx) => putAgreement(tx, founding));
    await state.transact((tx) => markAccepted(tx, { n: 1, refused: [] }));
    expect(states()).toEqual(['1 accepted']);
    await state.transact((tx) => markDelivered(tx, { n: 1, acknowledged: 1, missed: [] }));
    expect(states()).toEqual([]);
    expect(envelopes()).toBe(0);
    expect(told()).toEqual([]);
  });
});

describe('confirmOutgoing()', () => {
  it('tells everything before it that the relay has not told yet, each once, and lets the envelopes go', async () => {
    const { state, say, answer, told, states, envelopes } = await start('confirmed');
    for (const text of ['told', 'taken', 'sealed']) await say(text);
    await state.transact(async (tx) => {
      await markDelivered(tx, { n: 1, acknowledged: 1, missed: [] });
      await markAccepted(tx, { n: 2, refused: [] });
    });
    await answer();
    expect(told()).toEqual([
      ...['accepted told', 'delivered told', 'accepted taken'],
      'confirmed told',
      ...['delivered taken', 'confirmed taken'],
      ...['accepted sealed', 'delivered sealed', 'confirmed sealed'],
    ]);
    expect(states()).toEqual([]);
    expect(envelopes()).toBe(0);
    await answer();
    for (const n of [1, 2, 3]) await state.transact((tx) => markDelivered(tx, { n, acknowledged: 1, missed: [] }));
    expect(told()).toHaveLength(9);
  });

  it('waits for everybody', async () => {
    const { state, group, say, told } = await start('somebody');
    await say('one');
    const ratchet = loadRatchet(state, group.generation) as Ratchet;
    const [own, second, third] = ratchet.members as [
      Ratchet['members'][0],
      Ratchet['members'][0],
      Ratchet['members'][0],
    ];
    const halfway = { ...ratchet, members: [own, { ...second, vector: [1, 1, 0] }, third] };
    await state.transact((tx) => confirmOutgoing(tx, halfway, () => true));
    expect(told()).toEqual([]);
  });
});

describe('rollBack()', () => {
  it('ends every group once, says what is unposted again under new keys, and goes on from the relay’s number', async () => {
    const { state, group, say, told, states, unsent } = await start('rolled back');
    await state.transact((tx) => tx.put(tables.groups, bytesKey(group.id), group));
    for (const text of ['taken', 'unposted']) await say(text);
    await state.transact((tx) => markAccepted(tx, { n: 1, refused: [] }));
    for (let i = 0; i < 2; i++) await state.transact((tx) => rollBack(tx, 9));
    expect(told()).toEqual(['accepted taken', 'rolled-back']);
    expect(unsent()).toEqual(['unposted']);
    expect(states()).toEqual(['1 accepted']);
    expect(state.get(tables.numbers, '')?.nextSend).toBe(9);
    await expect(say('more')).rejects.toMatchObject({ code: 'rolled-back' });
  });

  it('gives up what it does not know any more', async () => {
    const { state, group, say, told, states, unsent } = await start('rolled back, forgotten');
    await say('forgotten');
    await state.transact((tx) => {
      const [first] = unposted(tx) as [Outgoing];
      tx.delete(archives.sent, sentKey(group.id, first.message?.id ?? group.id));
    });
    await state.transact((tx) => rollBack(tx, 9));
    expect(told()).toEqual(['failed forgotten']);
    expect([unsent(), states()]).toEqual([[], []]);
  });
});

describe('confirmOutgoing() after a new registration', () => {
  it('leaves alone what has the number of an envelope of an earlier registration', async () => {
    const { state, say, answer, states } = await start('earlier');
    await say('one');
    await answer();
    await say('two');
    const [entry] = state.all(tables.outgoing);
    const two = entry?.value;
    if (two?.message === null || two === undefined) throw new TypeError('expected a message');
    // As after a new registration: what is only to be confirmed stands aside, its number is used again.
    const earlier = { ...two, n: two.n, message: { ...two.message, number: 0 }, state: 'delivered' as const };
    await state.transact((tx) => tx.put(tables.outgoing, 'delivered/earlier', earlier));
    await state.transact(async (tx) => {
      const ratchet = loadRatchet(tx, two.generation);
      if (ratchet) await confirmOutgoing(tx, ratchet, () => true);
    });
    expect(states()).toEqual([`${two.n} sealed`]);
  });
});

describe('repostLost()', () => {
  it('posts again what a relay has forgotten, and nothing that it still counts', async () => {
    const { state, say, states } = await start('lost');
    for (const text of ['one', 'two', 'three']) await say(text);
    await state.transact(async (tx) => {
      for (const n of [1, 2]) await markAccepted(tx, { n, refused: [] });
    });
    await state.transact((tx) => repostLost(tx, 3));
    expect(states()).toEqual(['1 accepted', '2 accepted', '3 sealed']);
    await state.transact((tx) => repostLost(tx, 2));
    expect(states()).toEqual(['1 accepted', '2 again', '3 sealed']);
    expect(state.get(tables.numbers, '')?.nextSend).toBe(4);
  });
});
