// The client on every runtime: the store's contract, known answers by each provider of cryptography, and a story over a real
// relay with a peer on this Node. README.md has a row for each; `npm run runtimes` writes the table anew.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nobleCurves } from '../../client/crypto/curves-noble.ts';
import { cases } from '../client/store/contract.ts';
import { Device } from '../support/device.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { type Answers, answer } from './answers.ts';
import type { Trial } from './life.ts';
import { published, questions } from './questions.ts';
import { type Place, runtimes } from './runtimes.ts';
import { atLast, meanwhile, series, turns } from './story.ts';

interface Row {
  readonly runtime: string;
  readonly version: string;
  readonly chosen: Trial['chosen'];
  readonly lasting: string;
}

/** Of those that have passed. */
const rows: Row[] = [];
const places = new Map<string, Place>();
let relay: TestRelay;
let expected: Answers;

beforeAll(async () => {
  for (const [name, open] of Object.entries(runtimes)) places.set(name, await open());
  const origins = [...places.values()].flatMap(({ origin }) => origin ?? []);
  relay = await startRelay({ vars: { ALLOWED_ORIGINS: origins.join(',') } });
  expected = await answer(nobleCurves, questions);
});
afterAll(async () => {
  for (const place of places.values()) await place.close();
  await relay?.stop();
});

it('noble on this Node gives the published answers', () => {
  expect(expected).toMatchObject(published);
});

describe.each(Object.keys(runtimes))('%s', (name) => {
  const place = () => places.get(name) as Place;
  let trial: Trial;
  const passed: string[] = [];

  beforeAll(async () => {
    trial = await place().run({ task: 'trial', questions });
  });

  it('its stores do what stores must', () => {
    expect(Object.keys(trial.contract)).toContain(trial.lasting);
    const clean = Object.fromEntries(Object.keys(cases).map((title) => [title, null]));
    for (const [adapter, outcomes] of Object.entries(trial.contract)) expect(outcomes, adapter).toEqual(clean);
    passed.push('contract');
  });

  it('its providers give the same bytes, and refuse the same', () => {
    expect(trial.answers.noble).toEqual(expected);
    expect(trial.answers.webcrypto).toEqual(trial.chosen === 'webcrypto' ? expected : undefined);
    passed.push('answers');
  });

  it('a client registers, founds, talks, changes, restores and comes back', async () => {
    const peer = await Device.register(relay, `peer-${Object.keys(runtimes).indexOf(name)}`);
    const own = series('peer');
    const joining = peer.event('invited').then(async ({ group }) => {
      await group.accept();
      for (const text of own) await group.send(text);
    });
    const first = await place().run({
      ...{ task: 'first life', relay: relay.url, name: `n${Object.keys(runtimes).indexOf(name)}` },
      peer: peer.client.invite(),
    });
    await joining;

    // Everything once, and in the order of its sender.
    const said = { ada: series('ada'), ben: series('ben'), peer: own };
    const heardFrom = (who: keyof typeof said) => said[who].map((text) => `${who}: ${text}`);
    const inOrder = (heard: readonly string[]) => [...heard.slice(0, 2 * turns)].sort((a, b) => order(a) - order(b));
    const order = (line: string) => [...heardFrom('ada'), ...heardFrom('ben'), ...heardFrom('peer')].indexOf(line);
    expect(inOrder(first.heard.ada)).toEqual([...heardFrom('ben'), ...heardFrom('peer')]);
    expect(first.heard.ada.slice(2 * turns)).toEqual(['cy: cy is here']);
    expect(inOrder(first.heard.ben)).toEqual([...heardFrom('ada'), ...heardFrom('peer')]);
    expect(first.heard.ben.slice(2 * turns)).toEqual(['cy: cy is here', 'ada: without cy']);
    expect(first.heard.cy).toEqual([]);
    expect(first.isRestored).toBe(true);
    await peer.read(2 * turns + 2);
    expect([...peer.texts].sort()).toEqual([...said.ada, ...said.ben, 'cy is here', 'without cy'].sort());
    const [ofThree, ofFour] = first.numbers.map(([ada]) => ada);
    expect(first.numbers).toEqual([
      [ofThree, ofThree],
      [ofFour, ofFour],
      [ofThree, ofThree],
    ]);
    expect(ofFour).not.toBe(ofThree);
    expect(peer.group.safetyNumber()).toBe(ofThree);

    await peer.group.send(meanwhile);
    expect(await place().run({ task: 'second life' })).toEqual({ heard: [meanwhile], number: ofThree });
    expect((await peer.read(2 * turns + 3)).slice(2 * turns + 2)).toEqual([atLast]);
    await peer.client.close();
    passed.push('story');
  }, 120_000);

  afterAll(() => {
    if (passed.length < 3) return;
    const { chosen, lasting } = trial;
    rows.push({ runtime: name, version: trial.version ?? place().version ?? '', chosen, lasting });
  });
});

// Elsewhere some of the programs have other versions.
it.runIf(process.platform === 'linux' && process.arch === 'x64')(
  'README.md has a row for each that has passed; `npm run runtimes` writes it anew',
  async () => {
    expect(rows.map(({ runtime }) => runtime)).toEqual(Object.keys(runtimes));
    const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
    const written = readme.replace(/(<!-- npm run runtimes -->\n)[\s\S]*?(?=<!-- -->)/, `$1${tableOf(rows)}`);
    expect(written).toContain(tableOf(rows));
    await expect(written).toMatchFileSnapshot('../../README.md');
  },
);

const providerNames = { noble: '`@noble/curves`', webcrypto: 'WebCrypto' } as const;

function tableOf(results: readonly Row[]): string {
  const head = ['runtime', 'version', 'X25519, Ed25519', 'store that lasts'];
  const lines = results.map(({ runtime, version, chosen, lasting }) => [
    ...[runtime, version, providerNames[chosen], `\`${lasting}\``],
  ]);
  const widths = head.map((_, i) => Math.max(...[head, ...lines].map((line) => line[i]?.length ?? 0)));
  const lineOf = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |\n`;
  return [head, widths.map((width) => '-'.repeat(width)), ...lines].map(lineOf).join('');
}
