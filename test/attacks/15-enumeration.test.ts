// Attack 15: finding out addresses by the answer or its time. The relay answers alike, whether an address is registered, was
// challenged lately, or was never heard of.

import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Bystander } from '../support/bystander.ts';
import { median } from '../support/quantile.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { Client, fromNetwork } from '../support/request.ts';
import { slow } from '../support/seeds.ts';

let relay: TestRelay;
let bystander: Bystander;
beforeAll(async () => {
  relay = await startRelay();
  bystander = await Bystander.start(relay);
});
afterAll(async () => {
  await bystander.check();
  await relay.stop();
});

const ownersNetwork = '192.0.2.1';
const from = (address: string) => fromNetwork(relay, address);

describe('an address that is registered', () => {
  /** Everything of an answer that does not have to differ. */
  async function shapeOf(response: Response) {
    const text = await response.text();
    const document = JSON.parse(text) as { challenge: string; expires: number; hrids: string[] };
    return {
      status: response.status,
      headers: [...response.headers].filter(([name]) => name !== 'date'),
      length: text.length,
      fields: Object.entries(document).map(([name, value]) => [name, typeof value, JSON.stringify(value).length]),
      isLate: Math.abs(document.expires - Date.now() / 1000 - 600) < 5,
    };
  }

  test('answers like one that is not, to the byte', async () => {
    for (let i = 0; i < 5; i++) {
      const known = await Client.register(from(ownersNetwork));
      const seen = await new Client(from('198.51.100.7'), known.uid).requestChallenge();
      const unseen = await new Client(from('198.51.100.7'), new Client(relay).uid).requestChallenge();
      const shape = await shapeOf(seen);
      expect(shape).toMatchObject({ status: 202, isLate: true });
      expect(shape).toEqual(await shapeOf(unseen));
    }
  });

  test('refuses wrong answers like one that is not', async () => {
    const known = await Client.register(from(ownersNetwork));
    const ask = async (uid: string) => {
      const stranger = new Client(from('198.51.100.8'), uid);
      const { challenge } = await stranger.challenge();
      const response = await stranger.answer(challenge, 'x');
      return { headers: [...response.headers].filter(([name]) => name !== 'date'), text: await response.text() };
    };
    expect(await ask(known.uid)).toEqual(await ask(new Client(relay).uid));
  });
});

describe.runIf(slow)('the time of an answer', () => {
  const count = 200;

  /** Medians in milliseconds, measured by turns. */
  async function medians(to: TestRelay, others: readonly string[]) {
    const [seen, unseen]: [number[], number[]] = [[], []];
    for (const uid of others) {
      const pair = [
        [uid, seen],
        [new Client(to).uid, unseen],
      ] as const;
      for (const [address, times] of Math.random() < 0.5 ? pair : pair.toReversed()) {
        const client = new Client(fromNetwork(to, '198.51.100.9'), address);
        const start = performance.now();
        const response = await client.requestChallenge();
        await response.arrayBuffer();
        times.push(performance.now() - start);
        expect(response.status).toBe(202);
      }
    }
    return { seen: median(seen), unseen: median(unseen) };
  }

  test('does not tell who is registered', { timeout: 600_000 }, async () => {
    const stateFolder = await mkdtemp(join(tmpdir(), 'cliquet-relay-'));
    const first = await startRelay({ stateFolder });
    const known: string[] = [];
    for (let i = 0; i < count; i++) known.push((await Client.register(first)).uid);
    // Also not by much who was asked for lately: their registrars have their tables already.
    const lately = await medians(first, known);
    expect(lately.unseen / lately.seen).toBeLessThan(1.5);
    expect(lately.seen / lately.unseen).toBeLessThan(1.5);
    await first.stop();
    // A day later: the registrars have forgotten everything; mailboxes and filter have not.
    const [folder = ''] = (await readdir(join(stateFolder, 'v3/do'))).filter((name) => name.endsWith('Registrar'));
    const path = join(stateFolder, 'v3/do', folder);
    for (const file of await readdir(path)) await rm(join(path, file));
    const second = await startRelay({ stateFolder });
    const { seen, unseen } = await medians(second, known);
    expect(unseen / seen).toBeLessThan(1.3);
    expect(seen / unseen).toBeLessThan(1.3);
    await second.stop();
    await rm(stateFolder, { recursive: true });
  });
});
