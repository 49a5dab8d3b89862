// What a message weighs on the line, for who sends it and for one of those who get it, above its padded content; and new keys
// for the whole group. Cliquet's figures have the frame and the addresses in them; what the others seal is put into whatever
// carries it. `npm run bench -- bytes`.

import { type Peer, type PeerGroup, paddedBytes, type Weight } from './peer.ts';
import { loadPeers } from './peers.ts';
import { figure, type Report } from './report.ts';

/** The smallest padded length: a line of text. */
const text = 'the boat leaves at nine';

interface Weighed {
  readonly peer: Peer;
  readonly members: number;
  /** Above the padded content. */
  readonly full: Weight;
  /** What Cliquet sends in large groups while nobody else has said anything; elsewhere as `full`. */
  readonly next: Weight;
  /** Null where every message brings them. */
  readonly rekey: Weight | null;
}

export async function run(report: Report): Promise<void> {
  const sizes = report.quick ? [3, 20] : [2, 3, 10, 32, 100, 256];
  const weighed: Weighed[] = [];
  for (const peer of await loadPeers()) {
    // What is counted is the same every time: the others once in a while will do.
    for (const members of report.quick && weighed.length > 0 ? sizes.slice(0, 1) : sizes) {
      report.progress(`${peer.name}, ${members} members`);
      weighed.push(await weigh(peer, members));
    }
  }
  report.raw.weighed = weighed.map(({ peer, ...rest }) => ({ peer: peer.name, ...rest }));

  const [own] = weighed;
  const ofOwn = (members: number) => weighed.find((each) => each.peer === own?.peer && each.members === members)?.full;
  const bounds = { uploaded: 480, downloaded: 395 } as const;
  for (const [way, most] of Object.entries(bounds) as ['uploaded' | 'downloaded', number][]) {
    const bytes = ofOwn(3)?.[way] ?? Number.NaN;
    report.ratio(`bytes ${way} above the padded content, N = 3`, [bytes], { most, counted: true, margin: 1 });
  }
  const [few = 0, many = 0] = [sizes[0], sizes.at(-1)];
  const growth = ((ofOwn(many)?.downloaded ?? 0) - (ofOwn(few)?.downloaded ?? 0)) / (many - few);
  report.ratio('bytes downloaded more for each member more', [growth], { most: 4, counted: true, margin: 1 });

  const table = (title: string, of: (each: Weighed) => Weight | null) => {
    const rows = Map.groupBy(weighed, ({ peer }) => peer);
    report.table(title, [
      ['uploaded / downloaded', 'heals', ...sizes.map((members) => `N = ${members}`)],
      ...[...rows].map(([{ name, heals }, all]) => [name, heals ? 'yes' : 'no', ...all.map((each) => cell(of(each)))]),
    ]);
  };
  table(
    `Bytes of a message above its ${paddedBytes} bytes of padded content, when the one before came from another member:`,
    ({ full }) => full,
  );
  table(
    'The same when the sender itself has sent the one before (light messages of Cliquet from 17 members on; a commit again with ts-mls):',
    ({ next }) => next,
  );
  table('Bytes for new keys of the whole group (agreement, commit, a new key to everybody):', ({ rekey }) => rekey);
}

const cell = (weight: Weight | null) =>
  weight === null ? '–' : `${figure(weight.uploaded)} / ${figure(weight.downloaded)}`;

async function weigh(peer: Peer, members: number): Promise<Weighed> {
  const group = await peer.setup(members);
  // What only the first message after something carries is no part of any other.
  await exchange(group);
  await group.answer();
  const full = aboveContent(await exchange(group));
  const next = aboveContent(await exchange(group));
  await group.answer();
  return { peer, members, full, next, rekey: (await group.rekey?.()) ?? null };
}

/** @throws if it does not open */
async function exchange(group: PeerGroup): Promise<Weight> {
  const sealed = await group.send(text);
  const opened = await group.receive(sealed);
  if (opened !== text) throw new Error(`opened "${opened}"`);
  return sealed;
}

const aboveContent = ({ uploaded, downloaded }: Weight): Weight => ({
  uploaded: uploaded - paddedBytes,
  downloaded: downloaded - paddedBytes,
});
