// How long the agreement of a group takes its author, and one of the others: of a new group, and of its next generation.
// ML-KEM is noble's everywhere, X25519 and Ed25519 are the platform's where it has them.

import type { Lineage } from '../../client/protocol/lineage.ts';
import { bytesKey } from '../../client/wire/bytes.ts';
import { at } from '../support/chat.ts';
import { accept, createPeople, found } from '../support/group.ts';
import { openNext } from '../support/next-group.ts';
import { median } from '../support/quantile.ts';
import { seededRandom } from '../support/random.ts';
import { figure, type Report } from './report.ts';

/** More rounds than this say nothing new, and with hundreds of members take minutes. */
const mostRounds = 9;

export async function measureAgreements(report: Report, sizes: readonly number[]): Promise<void> {
  const rows: string[][] = [];
  for (const size of sizes) {
    report.progress(`agreements of ${size}`);
    const rounds = report.quick ? 1 : Math.max(3, Math.min(mostRounds, Math.round(200 / size)));
    const measured: (readonly number[])[] = [];
    for (let round = 0; round < rounds; round++) measured.push(await measureOnce(size, `agreement ${size} ${round}`));
    report.raw[`agreement, N = ${size}`] = measured;
    const medians = ([0, 1, 2, 3] as const).map((step) => figure(median(measured.map((times) => at(times, step)))));
    rows.push([String(size), ...medians]);
  }
  const head = ['N', 'create a group', 'accept', 'open the next generation', 'accept'];
  report.table('Milliseconds of an agreement, for its author and for one of the others:', [head, ...rows]);
}

/** @returns milliseconds of each of the four */
async function measureOnce(size: number, seed: string): Promise<readonly number[]> {
  const random = seededRandom(seed);
  const people = await createPeople(random, size);
  const [author, other] = [at(people, 0), at(people, 1)];
  const times: number[] = [];
  const timed = async <T>(work: () => Promise<T>): Promise<T> => {
    const start = performance.now();
    const made = await work();
    times.push(performance.now() - start);
    return made;
  };
  const opened = await timed(() => found(random, people));
  const { ratchet } = await timed(() => accept(other, author.hrid, at(opened.headers, 1), opened.body));
  if (opened.ratchet === null) throw new Error('the founder is in the group');
  // The author knows of the others what is in its own state.
  const lineage: Lineage = new Map([[bytesKey(opened.generation.id), opened.generation]]);
  const group = { people, ratchets: [opened.ratchet, ratchet], generation: opened.generation, lineage };
  const next = await timed(() => openNext(random, group, 0));
  await timed(() => accept(other, author.hrid, at(next.headers, 1), next.body, { ratchets: [ratchet], lineage }));
  return times;
}
