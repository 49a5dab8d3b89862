// A client that was away: its queue holds what the others have said, and a relay hands it over. Everything of the client
// from the line to the store is at work. Runs in a browser too (catch-up-page.ts).

import { Courier } from '../../client/courier/courier.ts';
import type { Curves } from '../../client/crypto/curves.ts';
import { systemRandom } from '../../client/crypto/random.ts';
import type { Ratchet } from '../../client/protocol/ratchet.ts';
import { startConversation } from '../../client/state/history.ts';
import { saveLineage } from '../../client/state/lineages.ts';
import { saveRatchet } from '../../client/state/ratchets.ts';
import { tables } from '../../client/state/records.ts';
import { beginStore, loadState } from '../../client/state/schema.ts';
import type { Store } from '../../client/store/store.ts';
import { httpRelay } from '../../client/transport/http.ts';
import { type Bytes, bytesKey } from '../../client/wire/bytes.ts';
import { CliquetError } from '../../client/wire/errors.ts';
import { maxKeyPackages } from '../../client/wire/limits.ts';
import type { QueueEntry } from '../../client/wire/queue.ts';
import { deliver, type Founding, foundTestGroup, type Person, sealText, startOfTime } from '../support/group.ts';
import { median } from '../support/quantile.ts';
import { seededRandom } from '../support/random.ts';
import { groupRecord } from '../support/state.ts';
import { figure, type Report } from './report.ts';
import { said } from './talk.ts';

const relayUrl = 'http://relay.test';
const epoch: Bytes = new Uint8Array(16);
/** What a relay is asked for besides. */
const uploadKeyPackages = async () => ({ oneTime: maxKeyPackages, lastResortFresh: true });
const readOutbox = async () => ({ records: [], nextSend: 1 });

/** What so many members say in turns, each having heard the others, while the first member is away. */
async function fill({ people, ratchets: first }: Founding, senders: number, count: number): Promise<QueueEntry[]> {
  const random = seededRandom('catch-up');
  const ratchets = [...first];
  const entries: QueueEntry[] = [];
  for (let seq = 1; seq <= count; seq++) {
    const position = 1 + (seq % senders);
    const person = people[position] as Person;
    const { ratchet, headers, body } = await sealText(random, person, ratchets[position] as Ratchet, said);
    ratchets[position] = ratchet;
    entries.push({ type: 'message', seq, from: person.hrid, header: headers[0] as Bytes, body });
    for (let other = 1; other <= senders; other++) {
      if (other === position) continue;
      const heard = await deliver(ratchets[other] as Ratchet, position, headers[other] as Bytes, body);
      ratchets[other] = heard.ratchet;
    }
  }
  return entries;
}

/** Milliseconds from the relay's hello until it may delete everything, and how many of them processors have worked. */
export interface Taken {
  readonly wall: number;
  /** Zero where nobody says. */
  readonly cpu: number;
}

/** In milliseconds. */
const usedCpu = (): number => {
  if (!('process' in globalThis)) return 0;
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

async function takeIn(
  curves: Curves,
  founding: Founding,
  entries: readonly QueueEntry[],
  store: Store,
): Promise<Taken> {
  const [{ identity, hrid }] = founding.people as [Person];
  const [ratchet] = founding.ratchets as [Ratchet];
  const { group: id, generation } = ratchet;
  const now = () => startOfTime;
  const state = await loadState(store, startOfTime, now);
  await state.transact((tx) => {
    beginStore(tx, { relay: relayUrl, seed: identity.seed, hrid });
    tx.put(tables.numbers, '', { nextSend: 1, nextEvent: 0, cursor: { epoch, seq: 0 } });
    tx.put(tables.groups, bytesKey(id), groupRecord({ id, generation, roster: founding.generation.roster }));
    saveLineage(tx, id, founding.lineage);
    startConversation(tx, id, { type: 'all' });
    saveRatchet(tx, undefined, ratchet);
  });
  const last = entries.length;
  let [started, used] = [0, 0];
  const taken = await new Promise<Taken>((resolve, reject) => {
    const courier: Courier = new Courier({
      client: {
        self: { identity, hrid },
        state,
        relay: { ...httpRelay(relayUrl), uploadKeyPackages, readOutbox },
        as: { hrid, sign: async () => new Uint8Array(64) },
        curves,
        random: systemRandom,
        now,
      },
      openLink: async (_relay, _as, listener) => {
        setTimeout(() => {
          [started, used] = [performance.now(), usedCpu()];
          listener.hello({
            epoch,
            last,
            acked: 0,
            nextSend: 1,
            keyPackages: maxKeyPackages,
            lastResortFresh: true,
            now: now(),
          });
          for (const entry of entries) listener.entry(entry);
          listener.drained();
        });
        return {
          window: 1,
          send: () => Promise.reject(new CliquetError('unreachable')),
          acknowledge: async ({ seq }) => {
            if (seq !== last) return;
            courier.stop();
            resolve({ wall: performance.now() - started, cpu: usedCpu() - used });
          },
          close: () => {},
        };
      },
      changed: () => {},
      onParcel: () => {},
      failed: reject,
    });
    courier.start();
  });
  if (state.all(tables.events).length !== last) throw new Error('not everything has come');
  await state.close();
  return taken;
}

/** @param openStore  an empty one for each time */
export async function catchUp(
  curves: Curves,
  senders: number,
  count: number,
  repeats: number,
  openStore: (time: number) => Store | Promise<Store>,
): Promise<readonly Taken[]> {
  const founding = await foundTestGroup(seededRandom('away'), 4);
  const entries = await fill(founding, senders, count);
  const taken: Taken[] = [];
  // The first one is for what runs often to be compiled.
  for (let i = 0; i <= repeats; i++) taken.push(await takeIn(curves, founding, entries, await openStore(i)));
  return taken.slice(1);
}

/** As absolute as it is, this says something on a machine only that does nothing else; so the processors' time stands beside it. */
export async function measureCatchUp(
  report: Report,
  store: string,
  work: (senders: number, count: number, repeats: number) => Promise<readonly Taken[]>,
): Promise<void> {
  const [count, repeats] = report.quick ? [100, 1] : [1000, 5];
  const rows: string[][] = [];
  for (const senders of [1, 3]) {
    report.progress(`catching up, ${senders} senders`);
    const taken = await work(senders, count, repeats);
    report.raw[`catch-up from ${senders}`] = taken;
    const perSecond = (of: keyof Taken) => figure((count * 1000) / median(taken.map((each) => each[of])));
    rows.push([String(senders), perSecond('wall'), perSecond('cpu')]);
  }
  const head = ['senders', 'a second', 'a second of a processor'];
  report.table(`${figure(count)} messages from the queue into ${store}, on WebCrypto:`, [head, ...rows]);
}
