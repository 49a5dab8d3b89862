// What a client's state costs: on disk, in memory, to open and to search. `npm run bench -- store`. The times are this
// machine's; what stands as a ratio is compared within this one run.

import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, encryptedStore } from '../../client/index.ts';
import type { Ratchet } from '../../client/protocol/ratchet.ts';
import { addMessage } from '../../client/state/history.ts';
import { loadState } from '../../client/state/schema.ts';
import type { State } from '../../client/state/state.ts';
import { sqliteStore } from '../../client/store/sqlite.ts';
import type { Store } from '../../client/store/store.ts';
import { foundTestGroup, type Person, sealText, startOfTime, textContent } from '../support/group.ts';
import { median } from '../support/quantile.ts';
import { seededRandom } from '../support/random.ts';
import type { Report } from './report.ts';
import { begin, putGroup, takeIn } from './stored.ts';

const random = seededRandom('bench');
const folder = mkdtempSync(join(tmpdir(), 'cliquet-bench-'));
const path = join(folder, 'store.db');
const passphrase = 'a passphrase for nothing';

const kib = (bytes: number) => `${(bytes / 1024).toFixed(0)} KiB`;
const ms = (milliseconds: number) => `${milliseconds.toFixed(0)} ms`;
/** The median of five runs, in milliseconds. */
async function time(run: () => Promise<unknown>): Promise<number> {
  const figures: number[] = [];
  for (let i = 0; i < 5; i++) {
    const start = performance.now();
    await run();
    figures.push(performance.now() - start);
  }
  return median(figures);
}

/** Counts what is committed. */
function counting(store: Store): Store & { committed: number } {
  const counted = {
    ...store,
    committed: 0,
    get: store.get.bind(store),
    list: store.list.bind(store),
    range: store.range.bind(store),
    close: store.close.bind(store),
    commit: (writes: Parameters<Store['commit']>[0]) => {
      for (const { key, value } of writes) counted.committed += key.length + (value?.length ?? 0);
      return store.commit(writes);
    },
  };
  return counted;
}

/** So many copies make the rest of the memory's noise small. */
const copies = 20;

/** What a new group adds to a store and to the memory of a client. */
async function stateOfGroup(size: number): Promise<string[]> {
  const founding = await foundTestGroup(random, size);
  const file = join(folder, `${size}.db`);
  const store = counting(sqliteStore(file));
  const state = await begin(store, random.bytes(32));
  const before = store.committed;
  await putGroup(state, founding, 'Bench');
  const disk = store.committed - before;
  const empty = memoryInUse();
  const loaded: State[] = [];
  for (let i = 0; i < copies; i++) loaded.push(await loadState(store, startOfTime));
  const memory = (memoryInUse() - empty) / loaded.length;
  await state.close();
  return [String(size), kib(disk), kib(memory)];
}

function memoryInUse(): number {
  for (let i = 0; i < 3; i++) globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** What a received message makes the client write while the third member says nothing. */
async function silentMember(report: Report, unanswered: number): Promise<void> {
  const founding = await foundTestGroup(random, 3);
  const [, sender] = founding.people as [Person, Person];
  let [, theirs] = founding.ratchets as [Ratchet, Ratchet];
  const store = counting(sqliteStore(join(folder, 'silent.db')));
  const state = await begin(store, random.bytes(32));
  await putGroup(state, founding, 'Silent');
  const { generation } = founding.ratchets[0] as Ratchet;
  const written: number[] = [];
  for (let i = 0; i < unanswered; i++) {
    const sealed = await sealText(random, sender, theirs, 'nobody answers');
    theirs = sealed.ratchet;
    const start = store.committed;
    await takeIn(state, generation, sealed);
    written.push(store.committed - start);
  }
  await state.close();
  const [first, last] = [median(written.slice(0, 20)), median(written.slice(-20))];
  const what = `bytes written for a message after ${unanswered} without an answer / at first`;
  report.ratio(what, [last / first], { most: 1.2, counted: true });
  report.raw.writtenBytes = written;
}

async function manyMessages(report: Report, groups: number, messages: number): Promise<void> {
  const state = await begin(await encryptedStore(sqliteStore(path), passphrase), random.bytes(32));
  const words = [
    'the',
    'boat',
    'leaves',
    'at',
    'nine',
    'from',
    'harbour',
    'with',
    'bread',
    'and',
    'cheese',
    'tomorrow',
  ];
  for (let g = 0; g < groups; g++) {
    const founding = await foundTestGroup(random, 3);
    await putGroup(state, founding, `Group ${g}`);
    const { group } = founding.ratchets[0] as Ratchet;
    const [, sender] = founding.people as [Person, Person];
    await state.transact(async (tx) => {
      for (let i = 0; i < messages / groups; i++) {
        const text = Array.from({ length: 12 }, () => random.pick(words)).join(' ');
        await addMessage(tx, group, sender.hrid, textContent(random, text), false, startOfTime + i);
      }
    });
  }
  await state.close();

  const open = async () => Client.open({ store: await encryptedStore(sqliteStore(path), passphrase), connect: false });
  const opening = await time(async () => (await open()).close());
  const unlocking = await time(async () => (await encryptedStore(sqliteStore(path), passphrase)).close());
  const client = await open();
  const search = async (group?: string) => {
    let found = 0;
    const query = { text: 'harbour with bread', ...(group === undefined ? {} : { group }) };
    for await (const _ of client.search(query)) found++;
    return found;
  };
  const [all, one] = [await time(() => search()), await time(() => search(client.groups[0]?.id))];
  const found = await search();
  await client.close();
  report.table(`${groups} groups, ${messages.toLocaleString('en')} messages, encrypted under a passphrase:`, [
    ['on disk', 'open', 'of it the passphrase', `search all (${found} found)`, 'search one group'],
    [`${(statSync(path).size / 1e6).toFixed(1)} MB`, ...[opening, unlocking, all, one].map(ms)],
  ]);
}

export async function run(report: Report): Promise<void> {
  const [sizes, unanswered, groups, messages] = report.quick ? [[3], 40, 2, 40] : [[3, 32, 256], 300, 50, 10_000];
  try {
    const states: string[][] = [];
    for (const size of sizes) {
      report.progress(`a group of ${size}`);
      states.push(await stateOfGroup(size));
    }
    report.table('The state of a new group:', [['members', 'stored', 'in memory'], ...states]);
    report.progress('a silent member');
    await silentMember(report, unanswered);
    report.progress('many messages');
    await manyMessages(report, groups, messages);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
