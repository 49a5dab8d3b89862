import { describe, expect, it } from 'vitest';
import { startOver } from '../../../client/courier/outbox.ts';
import { reconcileOutbox } from '../../../client/courier/reconcile.ts';
import { archives, tables } from '../../../client/state/records.ts';
import { numberKey } from '../../../client/store/store.ts';
import { httpRelay } from '../../../client/transport/http.ts';
import type { Relay } from '../../../client/transport/relay.ts';
import { bytesKey } from '../../../client/wire/bytes.ts';
import type { OutboxPage } from '../../../client/wire/outbox.ts';
import { outgoing } from '../../support/outgoing.ts';
import { loadState } from '../../support/state.ts';

const hash = new Uint8Array(32);
const as = { hrid: hash, sign: async () => new Uint8Array(64) };

/** Envelopes of which all but the last are accepted, and a relay that still holds some of them. */
async function start(count: number, readOutbox: Relay['readOutbox']) {
  const state = await loadState();
  await state.transact((tx) => {
    tx.put(tables.numbers, '', { nextSend: count + 1, nextEvent: 0, cursor: null });
    for (let n = 1; n <= count; n++) {
      tx.put(tables.outgoing, numberKey(n), outgoing(n, n < count ? 'accepted' : 'sealed'));
    }
  });
  const relay = { ...httpRelay('http://relay.test'), readOutbox };
  const states = () => state.all(tables.outgoing).map(({ value }) => `${value.message?.number} ${value.state}`);
  return { state, client: { state, relay, as }, states };
}

const page = (nextSend: number, ...listed: number[]): OutboxPage => ({
  nextSend,
  records: listed.map((n) => ({ n, expires: 0, recipients: [{ hrid: new Uint8Array(32), state: 'queued' as const }] })),
});

describe('reconcileOutbox()', () => {
  it('takes what the relay no longer lists as delivered', async () => {
    const pages = [page(4, 1), page(4, 3), page(4)];
    const { client, states } = await start(4, async () => pages.shift() ?? page(4));
    await reconcileOutbox(client);
    expect(states()).toEqual(['1 accepted', '2 delivered', '3 accepted', '4 sealed']);
  });

  it('takes what nobody is waited for as over, with who has missed it', async () => {
    const hrid = (i: number) => new Uint8Array(32).fill(i);
    const listed = (n: number, ...states: OutboxPage['records'][number]['recipients'][number]['state'][]) => ({
      n,
      expires: 0,
      recipients: states.map((state, i) => ({ hrid: hrid(i), state })),
    });
    const records = [
      listed(1, 'gone', 'queued'),
      listed(2, 'expired', 'unregistered'),
      listed(3, 'expired', 'refused', 'gone'),
    ];
    const { client, state, states } = await start(4, async () => ({ nextSend: 4, records }));
    const to = [0, 1, 2].map((i) => ({ hrid: hrid(i), header: new Uint8Array(0) }));
    await state.transact((tx) => {
      for (const { value } of state.all(tables.outgoing)) {
        const key = `${bytesKey(value.generation)}/${numberKey(value.n)}`;
        tx.put(archives.envelopes, key, { to, body: new Uint8Array(1), ttlSeconds: 0 });
      }
    });
    await reconcileOutbox(client);
    expect(states().sort()).toEqual(['1 accepted', '2 delivered', '3 refused', '4 sealed']);
    const events = state.all(tables.events).map(({ value }) => value);
    expect(events).toMatchObject([
      { type: 'delivered' },
      { type: 'unreached', refused: [{ hrid: hrid(0), code: 'expired' }] },
      { type: 'failed', code: 'undeliverable' },
    ]);
  });

  it('leaves alone what has got another number while the relay was asked', async () => {
    const { client, state, states } = await start(3, async () => {
      await state.transact((tx) => startOver(tx));
      return page(3);
    });
    await reconcileOutbox(client);
    expect(states()).toEqual(['1 again', '2 again', '3 sealed']);
  });

  it('looks no further than what it asks about, however much the relay lists', async () => {
    let asked = 0;
    const { client, states } = await start(3, async (_, after) => {
      asked++;
      return page(1000, after + 1);
    });
    await reconcileOutbox(client);
    expect(asked).toBe(2);
    expect(states()).toEqual(['1 accepted', '2 accepted', '3 sealed']);
  });
});
