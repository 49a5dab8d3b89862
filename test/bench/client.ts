// How fast a client seals and opens messages beside the bare primitives, and how fast it catches up, with all that it is made
// of but a relay. `npm run bench -- client`.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Curves } from '../../client/crypto/curves.ts';
import { nobleCurves } from '../../client/crypto/curves-noble.ts';
import { webCryptoCurves } from '../../client/crypto/curves-webcrypto.ts';
import { sqliteStore } from '../../client/store/sqlite.ts';
import { type Floor, floorOf } from '../support/client-floor.ts';
import { median } from '../support/quantile.ts';
import { measureAgreements } from './agreement.ts';
import { catchUp, measureCatchUp } from './catch-up.ts';
import { interleave, ratiosOf } from './pairs.ts';
import { figure, type Report } from './report.ts';
import { Talk } from './talk.ts';

const providers = [webCryptoCurves, nobleCurves];
const ways = ['send', 'receive'] as const;
type Times = Readonly<Record<(typeof ways)[number], number>>;

/** From so many members on there are light messages. */
const lightFrom = 17;

/** How many times as long as the bare primitives a message may take. */
function mostOf(provider: Curves['name'], size: number): number | undefined {
  if (provider === 'noble') return 1.3;
  return size === 2 ? undefined : size < 10 ? 2 : 1.5;
}

export async function run(report: Report): Promise<void> {
  const sizes = report.quick ? [3, 10] : [2, 3, 10, 32, 100, 256];
  const rows: string[][] = [];
  for (const size of sizes) {
    report.progress(`a group of ${size}`);
    const members = await Talk.found(size);
    for (const curves of providers) {
      for (const kind of size < lightFrom ? (['full'] as const) : (['full', 'light'] as const)) {
        const talk = new Talk(curves, members);
        const floor = await floorOf(curves.name, size, kind === 'full');
        // A round on noble takes ten times as long, and one with so many recipients too.
        const rounds = Math.round((report.quick ? 60 : 400) / Math.sqrt(curves.name === 'noble' ? 3 * size : size));
        const measured = await besideFloor(talk, floor, kind, rounds, (done) =>
          report.progress(`${curves.name}, N = ${size}, ${kind}: ${done} of ${rounds} rounds`),
        );
        const name = `${curves.name}, N = ${size}, ${kind}`;
        report.raw[name] = measured;
        const most = mostOf(curves.name, size);
        const timesOf = (side: keyof typeof measured, way: keyof Times) => measured[side].map((times) => times[way]);
        for (const way of ways) {
          const samples = ratiosOf(timesOf('client', way), timesOf('floor', way));
          report.ratio(`${way} / bare primitives, ${name}`, samples, most === undefined ? {} : { most });
        }
        const medians = (['client', 'floor'] as const).flatMap((side) =>
          ways.map((way) => figure(median(timesOf(side, way)))),
        );
        rows.push([String(size), curves.name, kind, ...medians]);
      }
    }
  }
  const head = ['N', 'curves', 'message', 'send', 'receive', 'send, bare', 'receive, bare'];
  report.table('Milliseconds to seal a message and to open it, and of the bare primitives for it:', [head, ...rows]);
  await measureAgreements(report, sizes);
  await measureCatchUpOnDisk(report);
}

async function besideFloor(
  talk: Talk,
  floor: Floor,
  kind: 'full' | 'light',
  rounds: number,
  onRound: (done: number) => void,
): Promise<Record<'client' | 'floor', Times[]>> {
  const sides = {
    client: async () => {
      if (kind === 'full') talk.turn();
      else await talk.untilLight();
      const times = await exchange(talk);
      if (talk.wasFull !== (kind === 'full')) throw new Error(`the message is not ${kind}`);
      return times;
    },
    floor: () => exchange(floor),
  };
  // Until what runs often is compiled.
  await interleave(Math.max(10, rounds >> 2), sides);
  return interleave(rounds, sides, onRound);
}

async function exchange(side: Floor): Promise<Times> {
  const start = performance.now();
  await side.send();
  const middle = performance.now();
  await side.receive();
  return { send: middle - start, receive: performance.now() - middle };
}

async function measureCatchUpOnDisk(report: Report): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'cliquet-bench-'));
  try {
    await measureCatchUp(report, 'a SQLite store', (senders, count, repeats) =>
      catchUp(webCryptoCurves, senders, count, repeats, (time) => sqliteStore(join(folder, `${senders}-${time}.db`))),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
