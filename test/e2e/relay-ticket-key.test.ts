// TICKET_KEY of a real relay is changed: what is under way goes on while the old one is there, and only then.

import { expect, test } from 'vitest';
import { encodeBase64Url } from '../../client/wire/bytes.ts';
import { readSettings } from '../../worker/settings.ts';
import { temporaryFolder } from '../support/folder.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { Client, randomBytes, readProblem } from '../support/request.ts';
import { until } from '../support/until.ts';

const firstKey = encodeBase64Url(readSettings({ ENVIRONMENT: 'development' }).secrets.ticketKeys[0]);
const newKey = { TICKET_KEY: encodeBase64Url(randomBytes(32)) };
const both = { ...newKey, TICKET_KEY_PREVIOUS: firstKey };

test('a relay whose TICKET_KEY was changed takes codes and tickets of before, until the old key goes', async () => {
  const stateFolder = temporaryFolder();
  let port = 0;
  const running = async <T>(vars: Record<string, string>, work: (relay: TestRelay) => Promise<T>) => {
    const relay = await startRelay({ host: 'node', stateFolder, port, vars });
    port = Number(new URL(relay.url).port);
    return work(relay).finally(() => relay.stop());
  };
  /** Asks for a code, and reads it: the development inbox does not outlive the relay. */
  const begin = async (relay: TestRelay) => {
    const client = new Client(relay);
    const { challenge } = await client.challenge();
    return { client, challenge, code: await relay.inbox(client.uid) };
  };

  const old = await running({}, async (relay) => ({
    first: await begin(relay),
    second: await begin(relay),
    member: await Client.register(relay),
  }));
  const ticket = await running({}, () => old.member.ticket());

  const fresh = await running(both, async (relay) => {
    expect((await old.first.client.answer(old.first.challenge, old.first.code)).status).toBe(200);
    const stream = await old.member.stream(ticket);
    await until(async () => stream.frames.some(({ type }) => type === 'hello'));
    return begin(relay);
  });

  await running(newKey, async () => {
    expect((await fresh.client.answer(fresh.challenge, fresh.code)).status).toBe(200);
    const late = await old.second.client.answer(old.second.challenge, old.second.code);
    expect((await readProblem(late)).code).toBe('challenge-unknown');
  });
}, 60_000);
