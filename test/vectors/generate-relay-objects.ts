// Writes test/vectors/relay-objects-2.json: what a relay of main at commit 7db1bb8 keeps, made by its own code under a disk
// relay of its own, and what its clients need to go on. It stands for every deployment of that version, so it is made once:
//
//   git worktree add --detach ../old 7db1bb8 && (cd ../old && npm ci && npm run --silent runtimes)
//   node --disable-warning=ExperimentalWarning test/vectors/generate-relay-objects.ts ../old

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { encodeBase64Url, encodeUtf8 } from '../../client/wire/bytes.ts';
import { Refusals } from '../../client/wire/refusals.ts';

const checkout = resolve(process.argv[2] ?? '');
const old = <T>(path: string) => import(pathToFileURL(join(checkout, path)).href) as Promise<T>;
const { startRelay } = await old<typeof import('../support/relay.ts')>('test/support/relay.ts');
const { Client } = await old<typeof import('../support/request.ts')>('test/support/request.ts');
type Client = InstanceType<typeof Client>;

const stateFolder = mkdtempSync(join(tmpdir(), 'cliquet-objects-'));
const files = (kind: string) =>
  readdirSync(join(stateFolder, kind), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.sqlite'));
const running = async <T>(port: number, work: (relay: Awaited<ReturnType<typeof startRelay>>) => Promise<T>) => {
  const relay = await startRelay({ host: 'node', stateFolder, port });
  return work(relay).finally(() => relay.stop());
};
const until = async <T>(what: () => Promise<T | undefined | false>): Promise<T> => {
  for (;;) {
    const found = await what();
    if (found) return found;
  }
};

let lost = '';
const { port, clients } = await running(0, async (relay) => {
  const lone = await Client.register(relay);
  [lost = ''] = files('mailbox');
  const [a, b, c, d] = [
    ...[await Client.register(relay), await Client.register(relay)],
    ...[await Client.register(relay), await Client.register(relay)],
  ] as [Client, Client, Client, Client];
  return { port: Number(new URL(relay.url).port), clients: { lone, a, b, c, d } };
});
const { a, b, c, d, lone } = clients;
// From here on nobody reaches the mailbox of `lone`.
writeFileSync(join(stateFolder, 'mailbox', lost), 'no database'.repeat(100));

const waiting = await running(port, async (relay) => {
  const pkg = (byte: number) => ({ signed: encodeUtf8(`package ${byte}`), kem: new Uint8Array(1216).fill(byte) });
  await a.upload({ replace: true, oneTime: [pkg(1), pkg(2)], lastResort: pkg(3) });
  await b.claim([a], new Uint8Array(16).fill(7));
  // b has acknowledged, c has not, lone cannot be reached; the second ends before it reaches lone.
  await a.send([b, c, lone], encodeUtf8('first'));
  await a.send([lone], encodeUtf8('ends'), { ttlSeconds: 1 });
  await until(async () => (await b.queue()).entries.length === 1);
  const { hello } = await b.queue();
  await b.acknowledge({ epoch: hello.epoch, seq: hello.last });
  await b.send([a, c], encodeUtf8('second'));
  await c.cbor('PUT', '/v1/refusals', Refusals, { senders: [d.hrid] });
  // What d still owes lone is a farewell.
  await d.send([b, lone], encodeUtf8('third'));
  await until(async () => (await b.queue()).entries.length === 1 && (await c.queue()).entries.length === 2);
  await until(async () => (await a.outbox()).records.some(({ recipients }) => recipients[0]?.state === 'expired'));
  const { hello: own } = await d.queue();
  await d.deregister(own.epoch);
  const waiting = new Client(relay);
  await waiting.requestChallenge();
  return { client: waiting, code: await relay.inbox(waiting.uid) };
});

const time = Date.now();
const objects = ['mailbox', 'registrar', 'shard'].flatMap((kind) =>
  files(kind)
    .filter((name) => !(kind === 'mailbox' && name === lost))
    .map((name) => ({ kind, name: basename(name, '.sqlite'), ...dump(join(stateFolder, kind, name)) })),
);
const shared = dump(join(stateFolder, 'relay.sqlite'));
rmSync(stateFolder, { recursive: true });
const keysOf = ({ uid, seed, hashVid, next }: Client) => ({
  ...{ uid, seed: encodeBase64Url(seed), hashVid: encodeBase64Url(hashVid), next },
});
writeFileSync(
  join(import.meta.dirname, 'relay-objects-2.json'),
  `${JSON.stringify(
    {
      provenance: 'test/vectors/generate-relay-objects.ts, with main at commit 7db1bb8; secrets are those of development',
      time,
      clients: Object.fromEntries(Object.entries(clients).map(([name, client]) => [name, keysOf(client)])),
      waiting: { ...keysOf(waiting.client), code: waiting.code },
      objects,
      shared,
    },
    null,
    1,
  )}\n`,
);

/** Tables as they were made, and their rows; blobs as `{blob: base64url}`. */
function dump(path: string) {
  const database = new DatabaseSync(path);
  const tables = database.prepare(`select name, sql from sqlite_master where type = 'table'`).all();
  const rows = (name: unknown) => database.prepare(`select * from ${name}`).all().map(written);
  const dumped = tables.map(({ name, sql }) => ({ name, sql, rows: rows(name) }));
  database.close();
  return { tables: dumped };
}

function written(row: Record<string, unknown>) {
  return Object.fromEntries(
    Object.entries(row).map(([column, value]) => [
      column,
      value instanceof Uint8Array ? { blob: encodeBase64Url(new Uint8Array(value)) } : value,
    ]),
  );
}
