// A client that was away: its queue holds what the others have said, and a relay hands it over. Everything of the client
// from the line to the store is at work, with a SQLite file.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Courier } from '../../client/courier/courier.ts';
import type { Curves } from '../../client/crypto/curves.ts';
import { systemRandom } from '../../client/crypto/random.ts';
import type { Ratchet } from '../../client/protocol/ratchet.ts';
import { startConversation } from '../../client/state/history.ts';
import { saveLineage } from '../../client/state/lineages.ts';
import { saveRatchet } from '../../client/state/ratchets.ts';
import { tables } from '../../client/state/records.ts';
import { beginStore, loadState } from '../../client/state/schema.ts';
import { sqliteStore } from '../../client/store/sqlite.ts';
import { httpRelay } from '../../client/transport/http.ts';
import { type Bytes, bytesKey } from '../../client/wire/bytes.ts';
import { CliquetError } from '../../client/wire/errors.ts';
import { maxKeyPackages } from '../../client/wire/limits.ts';
import type { QueueEntry } from '../../client/wire/queue.ts';
import { deliver, type Founding, foundTestGroup, type Person, sealText, startOfTime } from '../support/group.ts';
import { seededRandom } from '../support/random.ts';
import { groupRecord } from '../support/state.ts';
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
interface Taken {
  readonly wall: number;
  readonly cpu: number;
}

async function takeIn(
  curves: Curves,
  founding: Founding,
  entries: readonly QueueEntry[],
  path: string,
): Promise<Taken> {
  const [{ identity, hrid }] = founding.people as [Person];
  const [ratchet] = founding.ratchets as [Ratchet];
  const { group: id, generation } = ratchet;
  const now = () => startOfTime;
  const state = await loadState(sqliteStore(path), startOfTime, now);
  await state.transact((tx) => {
    beginStore(tx, { relay: relayUrl, seed: identity.seed, hrid });
    tx.put(tables.numbers, '', { nextSend: 1, nextEvent: 0, cursor: { epoch, seq: 0 } });
    tx.put(tables.groups, bytesKey(id), groupRecord({ id, generation, roster: founding.generation.roster }));
    saveLineage(tx, id, founding.lineage);
    startConversation(tx, id, { type: 'all' });
    saveRatchet(tx, undefined, ratchet);
  });
  const last = entries.length;
  let started = 0;
  let used = process.cpuUsage();
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
        setImmediate(() => {
          started = performance.now();
          used = process.cpuUsage();
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
            const { user, system } = process.cpuUsage(used);
            resolve({ wall: performance.now() - started, cpu: (user + system) / 1000 });
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

export async function catchUp(
  curves: Curves,
  senders: number,
  count: number,
  repeats: number,
): Promise<readonly Taken[]> {
  const founding = await foundTestGroup(seededRandom('away'), 4);
  const entries = await fill(founding, senders, count);
  const folder = mkdtempSync(join(tmpdir(), 'cliquet-bench-'));
  const taken: Taken[] = [];
  try {
    for (let i = 0; i <= repeats; i++) {
      const each = await takeIn(curves, founding, entries, join(folder, `${i}.db`));
      // The first one is for what runs often to be compiled.
      if (i > 0) taken.push(each);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return taken;
}
