// Cliquet and the libraries beside it, by turns in one run: sealing a message and opening it, after somebody else has said
// something, so that whoever heals has something to heal by. `npm run bench -- peers`.

import { median } from '../support/quantile.ts';
import { interleave, ratiosOf } from './pairs.ts';
import type { Peer } from './peer.ts';
import { figure, type Report } from './report.ts';

/** @returns Cliquet first; the others only where `npm run bench` has installed them (test/bench/package.json) */
export async function loadPeers(): Promise<readonly Peer[]> {
  const found: Peer[] = [(await import('./peers-own.ts')).cliquet];
  for (const load of [
    async () => (await import('./peers-mls.ts')).mlsPeers(),
    async () => (await import('./peers-signal.ts')).signalPeers(),
    async () => (await import('./peers-matrix.ts')).matrixPeers(),
  ]) {
    try {
      found.push(...(await load()));
    } catch (error) {
      if ((error as { readonly code?: unknown }).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    }
  }
  return found;
}

/** How many times as long ts-mls may take for the same healing. */
const leastBesideMls: Readonly<Record<number, number>> = { 3: 10, 10: 10, 100: 5 };
const measures = ['send', 'receive', 'both'] as const;
type Times = Readonly<Record<(typeof measures)[number], number>>;

export async function run(report: Report): Promise<void> {
  const [sizes, rounds, warmUp] = report.quick ? [[3, 10], 12, 12] : [[2, 3, 10, 32, 100, 256], 40, 20];
  const all = await loadPeers();
  const rows: string[][] = [];
  for (const size of sizes) {
    // Where a bound is.
    const peers = report.quick ? all.filter(({ name }) => /^Cliquet|X25519/.test(name)) : all;
    const sides: Record<string, () => Promise<Times>> = {};
    for (const peer of peers) {
      report.progress(`${peer.name}, ${size} members`);
      sides[peer.name] = await exchangeOf(peer, size);
    }
    await interleave(warmUp, sides);
    const measured = await interleave(rounds, sides, (done) =>
      report.progress(`N = ${size}: ${done} of ${rounds} rounds`),
    );
    report.raw[`N = ${size}`] = measured;
    const own = measured.Cliquet ?? [];
    for (const { name, heals } of peers.slice(1)) {
      const both = ratiosOf(
        (measured[name] ?? []).map((each) => each.both),
        own.map((each) => each.both),
      );
      const least = name.startsWith('ts-mls') ? leastBesideMls[size] : undefined;
      const remark = heals ? '' : ', which does not heal';
      report.ratio(`${name}${remark} / Cliquet, N = ${size}`, both, least === undefined ? {} : { least });
    }
    for (const { name, heals } of peers) {
      const times = measures.map((of) => figure(median((measured[name] ?? []).map((each) => each[of]))));
      rows.push([String(size), name, heals ? 'yes' : 'no', ...times]);
    }
  }
  report.table('Milliseconds to seal a message and to open it:', [['N', '', 'heals', ...measures], ...rows]);
}

async function exchangeOf(peer: Peer, size: number): Promise<() => Promise<Times>> {
  const group = await peer.setup(size);
  return async () => {
    await group.answer();
    const start = performance.now();
    const sealed = await group.send('the boat leaves at nine');
    const middle = performance.now();
    await group.receive(sealed);
    const end = performance.now();
    return { send: middle - start, receive: end - middle, both: end - start };
  };
}
