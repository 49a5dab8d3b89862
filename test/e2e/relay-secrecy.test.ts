// What the relay writes down: its whole state folder and every log line, searched after a run.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeBase64Url } from '../../client/wire/bytes.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { Client, randomBytes } from '../support/request.ts';
import { until } from '../support/until.ts';

let relay: TestRelay;
beforeAll(async () => {
  relay = await startRelay();
});
afterAll(() => relay.stop());

async function stateFiles(): Promise<Buffer[]> {
  const entries = await readdir(relay.stateFolder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return Promise.all(files.map((file) => readFile(join(file.parentPath, file.name))));
}

describe('the relay', () => {
  test('writes no address anywhere, and nothing of a client into its log', async () => {
    const uid = 'very.unusual.name@example.org';
    const sender = new Client(relay, uid);
    const { challenge } = await sender.challenge();
    const code = await relay.inbox(uid);
    await sender.answer(challenge, code);
    const recipient = await Client.register(relay);
    const body = randomBytes(40);
    await sender.send([recipient], body);
    const { hello } = await until(async () => {
      const page = await recipient.queue();
      return page.hello.last === 1 && page;
    });

    const files = await stateFiles();
    // The search itself works: what is queued is found.
    expect(files.some((file) => file.includes(Buffer.from(body)))).toBe(true);
    for (const secret of [uid, 'very.unusual.name']) {
      expect(files.some((file) => file.includes(secret))).toBe(false);
    }

    await recipient.acknowledge({ epoch: hello.epoch, seq: 1 });
    const log = relay.logs.join('\n');
    expect(log).toContain('/v1/registrations');
    for (const client of [sender, recipient]) {
      for (const trace of [client.uid, encodeBase64Url(client.hrid), encodeBase64Url(client.pk), hello.epoch]) {
        expect(log).not.toContain(typeof trace === 'string' ? trace : encodeBase64Url(trace));
      }
    }
    expect(log).not.toContain(code);
    expect(log).not.toContain('?');
    for (const line of relay.logs) {
      const allowed = ['event', 'route', 'method', 'status', 'milliseconds', 'count', 'error'];
      expect(allowed).toEqual(expect.arrayContaining(Object.keys(JSON.parse(line))));
    }
  });
});
