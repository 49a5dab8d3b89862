// The relay is killed without warning, right after it has said 202 or 204: what it said holds.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeUtf8 } from '../../client/wire/bytes.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { Client } from '../support/request.ts';
import { until } from '../support/until.ts';

let relay: TestRelay;
beforeAll(async () => {
  relay = await startRelay();
});
afterAll(() => relay.stop());

const bodies = async (client: Client) =>
  (await client.queue()).entries.map((entry) => entry.type === 'message' && new TextDecoder().decode(entry.body));

describe('a relay that is killed', () => {
  test('delivers what it had accepted, once and in order, although nobody asks its sender', async () => {
    const [a, b, c] = [await Client.register(relay), await Client.register(relay), await Client.register(relay)];
    // Killed with some of it delivered and some, surely the last, not.
    for (let n = 1; n <= 5; n++) await a.send([b, c], encodeUtf8(String(n)));
    await relay.crash();
    for (const recipient of [b, c]) {
      await until(async () => (await bodies(recipient)).length === 5);
      expect(await bodies(recipient)).toEqual(['1', '2', '3', '4', '5']);
    }

    // A send that was repeated because its answer was lost changes nothing.
    expect(await a.send([b, c], encodeUtf8('5'), { n: 5 })).toEqual({ n: 5, refused: [] });
    const { hello } = await b.queue();
    await b.acknowledge({ epoch: hello.epoch, seq: 5 });
    await relay.crash();
    expect((await b.queue()).hello).toMatchObject({ epoch: hello.epoch, last: 5, acked: 5 });
    await a.send([b], encodeUtf8('6'));
    await until(async () => (await bodies(b)).length > 0);
    expect(await bodies(b)).toEqual(['6']);

    // The report of b's acknowledgement may have died with the relay: the sender finds out all the same.
    await until(async () => {
      const { records } = await a.outbox();
      return records.every(
        ({ n, recipients }) => n === 6 || recipients.every(({ hrid }) => Buffer.compare(hrid, c.hrid) === 0),
      );
    });
  });

  test('knows everybody whom it had registered, and their packages', async () => {
    const [a, b] = [await Client.register(relay), await Client.register(relay)];
    const uploaded = { signed: Uint8Array.of(1), kem: new Uint8Array(1216) };
    await b.upload({ replace: false, oneTime: [uploaded], lastResort: null });
    await relay.crash();
    expect((await a.claim([b]))[0]?.package).toEqual(uploaded);
    expect(await a.send([b], encodeUtf8('x'))).toEqual({ n: 1, refused: [] });
  });
});
