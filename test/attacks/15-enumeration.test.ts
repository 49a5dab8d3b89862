// Attack 15: finding out addresses by the answer or its time. The relay answers alike, whether an address is registered, was
// challenged lately, or was never heard of.

import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { channelNames } from '../../worker/challenge/channel.ts';
import { Bystander } from '../support/bystander.ts';
import { Post } from '../support/channel-relay.ts';
import { median } from '../support/quantile.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { Client, challengeShape, fromNetwork } from '../support/request.ts';
import { slow } from '../support/seeds.ts';

let post: Post;
beforeAll(async () => {
  post = await Post.open();
});
afterAll(() => post.close());

const ownersNetwork = '192.0.2.1';

// What Workers' own binding does locally does not tell to whom: it is asked in test/e2e/relay-channels.test.ts.
const channels = channelNames.filter((name) => name !== 'cloudflare');

describe.each(channels)('an address that is registered, with codes by %s,', (channel) => {
  let relay: Awaited<ReturnType<typeof post.startRelayWith>>;
  let bystander: Bystander | undefined;
  beforeAll(async () => {
    relay = await post.startRelayWith(channel);
    // Whoever is not there for codes is there all the time.
    bystander = channel === 'inbox' ? await Bystander.start(relay) : undefined;
  });
  afterAll(async () => {
    await bystander?.check();
    await post.stopRelays();
  });
  const from = (address: string) => fromNetwork(relay, address);

  test('answers like one that is not, to the byte', async () => {
    for (let i = 0; i < 5; i++) {
      const known = await Client.register(from(ownersNetwork), relay.address());
      const seen = await new Client(from('198.51.100.7'), known.uid).requestChallenge();
      const unseen = await new Client(from('198.51.100.7'), relay.address()).requestChallenge();
      const shape = await challengeShape(seen);
      expect(shape).toMatchObject({ status: 202, isLate: true });
      expect(shape).toEqual(await challengeShape(unseen));
    }
  });

  test('refuses wrong answers like one that is not', async () => {
    const known = await Client.register(from(ownersNetwork), relay.address());
    const ask = async (uid: string) => {
      const stranger = new Client(from('198.51.100.8'), uid);
      const { challenge } = await stranger.challenge();
      const response = await stranger.answer(challenge, 'x');
      return { headers: [...response.headers].filter(([name]) => name !== 'date'), text: await response.text() };
    };
    expect(await ask(known.uid)).toEqual(await ask(relay.address()));
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
