// The filter key of a real relay is changed, twice deployed: those who registered before go on, those who register after
// are found too, and who has not entered the new generation is gone with the old key.

import { expect, test } from 'vitest';
import { encodeBase64Url, encodeUtf8 } from '../../client/wire/bytes.ts';
import { routes } from '../../client/wire/routes.ts';
import { readSettings } from '../../worker/settings.ts';
import { temporaryFolder } from '../support/folder.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { Client, randomBytes, readProblem } from '../support/request.ts';
import { until } from '../support/until.ts';

const firstKey = encodeBase64Url(readSettings({ ENVIRONMENT: 'development' }).filterKeys[0].key);
const second = { FILTER_KEY: encodeBase64Url(randomBytes(32)), FILTER_GENERATION: '2' };

async function arrivesAt(client: Client, text: string): Promise<void> {
  await until(async () => {
    const { entries } = await client.queue();
    return entries.some((entry) => entry.type === 'message' && new TextDecoder().decode(entry.body) === text);
  });
}

test('a relay whose filter key was changed serves everybody, and forgets with the old key', async () => {
  const stateFolder = temporaryFolder();
  let port = 0;
  const running = async <T>(vars: Record<string, string>, work: (relay: TestRelay) => Promise<T>) => {
    const relay = await startRelay({ stateFolder, port, vars });
    port = Number(new URL(relay.url).port);
    return work(relay).finally(() => relay.stop());
  };
  const refusalOf = async (client: Client) =>
    (await readProblem(await client.fetch({ method: 'GET', path: routes.queue }))).code;

  const [a, b, away] = await running({}, async (relay) => {
    const clients = [await Client.register(relay), await Client.register(relay), await Client.register(relay)] as const;
    expect(await clients[0].send([clients[1]], encodeUtf8('before'))).toEqual({ n: 1, refused: [] });
    return clients;
  });

  const c = await running({ ...second, FILTER_KEY_PREVIOUS: firstKey }, async (relay) => {
    const client = await Client.register(relay);
    expect(await a.send([b, client], encodeUtf8('from before'))).toEqual({ n: 2, refused: [] });
    expect(await client.send([a, b], encodeUtf8('from after'))).toEqual({ n: 1, refused: [] });
    for (const text of ['before', 'from before', 'from after']) await arrivesAt(b, text);
    expect(await refusalOf(new Client(relay))).toBe('not-registered');
    return client;
  });

  await running(second, async () => {
    await arrivesAt(c, 'from before');
    expect(await refusalOf(away)).toBe('not-registered');
    expect((await c.send([away], encodeUtf8('to nobody'))).refused).toEqual([{ index: 0, code: 'unregistered' }]);
  });
}, 120_000);
