// 20. What the relay writes down. People register, found a group, talk, are away, leave; then its whole state folder,
// every log line and every URL that was asked for is searched: no address, no code, no plaintext, no secret; no HRID in a
// URL or a log line, nor in the name of an object.

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { identityOf } from '../../client/protocol/identity.ts';
import { tables } from '../../client/state/records.ts';
import { Post } from '../support/channel-relay.ts';
import { addressOf, closeAll, type Device, foundGroupOf, registerDevices } from '../support/device.ts';
import type { TestRelay } from '../support/relay.ts';
import { until } from '../support/until.ts';

const name = 'quetzalcoatlus.northropi';
const groupName = 'Pterosaurs of the Maastrichtian';
const text = 'nobody else has ever written this sentence about azhdarchids';

interface Traces {
  /** By path within the state folder. */
  readonly files: ReadonlyMap<string, Buffer>;
  readonly log: string;
}

/** Where the filter stands that readers see. */
const isPublished = (path: string) => path.split(sep).some((part) => part === 'kv' || part.startsWith('relay.sqlite'));

describe.each(['workerd', 'deno'] as const)('a relay on %s', (host) => {
  let relay: TestRelay;
  let post: Post;
  let devices: Device[];
  const urls: string[] = [];
  const codes: string[] = [];
  const hrids: Uint8Array[] = [];
  const secrets: Uint8Array[] = [];
  const stages: Traces[] = [];

  beforeAll(async () => {
    const { fetch: original, WebSocket: Original } = globalThis;
    vi.stubGlobal('fetch', (input: Request | URL | string, init?: RequestInit) => {
      urls.push(input instanceof Request ? input.url : String(input));
      return original(input, init);
    });
    vi.stubGlobal(
      'WebSocket',
      class extends Original {
        constructor(url: string, protocols: string[]) {
          urls.push(url);
          super(url, protocols);
        }
      },
    );
    try {
      post = await Post.open();
      // The first fails each time, and quotes what it was given.
      post.answer = () => 503;
      const stateFolder = await mkdtemp(join(tmpdir(), 'cliquet-relay-'));
      const sending = await post.startRelay(host, { EMAIL_CHANNELS: 'resend,smtp' }, { stateFolder });
      const { mail } = post;
      relay = { ...sending, inbox: (address) => until(() => mail.code(address)) };
      devices = await registerDevices(relay, name, 3);
      for (let i = 0; i < 3; i++) codes.push(await relay.inbox(addressOf(`${name}${i}`)));
      for (const device of devices) noteIdentity(device);
      await foundGroupOf(devices, groupName);
      const [a, b, c] = devices as [Device, Device, Device];
      await a.group.send(text);
      await Promise.all([b.read(1), c.read(1)]);
      // One is away, so that something waits for it.
      await c.client.close();
      await b.group.send(text);
      await a.read(1);
      stages.push(await readTraces());
      await c.reopen();
      await c.read(2);
      await until(() => b.all('delivered').length === 1);
      await c.client.unregister();
      stages.push(await readTraces());
      await closeAll(devices);
      await relay.stop();
      stages.push(await readTraces());
    } finally {
      vi.unstubAllGlobals();
    }
  });

  afterAll(async () => {
    await post.close();
    await rm(relay.stateFolder, { recursive: true, force: true });
  });

  async function readTraces(): Promise<Traces> {
    const entries = await readdir(relay.stateFolder, { recursive: true, withFileTypes: true });
    const paths = entries.filter((entry) => entry.isFile()).map((file) => join(file.parentPath, file.name));
    const files = await Promise.all(
      paths.map(async (path) => [path.slice(relay.stateFolder.length), await readFile(path)] as const),
    );
    return { files: new Map(files), log: relay.logs.join('\n') };
  }

  /** The forms in which bytes may stand somewhere. */
  function formsOf(bytes: Uint8Array): Buffer[] {
    const raw = Buffer.from(bytes);
    return [raw, ...textFormsOf(bytes).map((form) => Buffer.from(form))];
  }

  function textFormsOf(bytes: Uint8Array): string[] {
    const raw = Buffer.from(bytes);
    return [
      raw.toString('base64url'),
      raw.toString('base64').replaceAll('=', ''),
      raw.toString('hex'),
      raw.toString('hex').toUpperCase(),
    ];
  }

  function holders({ files }: Traces, form: Buffer | string): string[] {
    return [...files].filter(([, content]) => content.includes(form)).map(([path]) => path);
  }

  /** Notes an HRID, and what its owner never tells the relay. */
  function noteIdentity({ store }: Device): void {
    const { seed, hrid } = tables.identity.struct.decode(
      store.entries().get(`${tables.identity.name}/`) ?? new Uint8Array(),
    );
    if (hrid === null) throw new Error('not registered');
    hrids.push(hrid);
    secrets.push(seed, identityOf(seed).vid);
  }

  describe('the state folder of a relay', () => {
    test('holds what it must, so that the search is known to work', () => {
      const [waiting] = stages as [Traces];
      for (const hrid of hrids) expect(holders(waiting, Buffer.from(hrid))).not.toEqual([]);
      expect([...waiting.files.keys()].some(isPublished)).toBe(true);
    });

    test('holds no address, code, plaintext or secret, in whatever form', () => {
      for (const stage of stages) {
        for (const forbidden of [name, name.toUpperCase(), groupName, text]) {
          expect(holders(stage, forbidden)).toEqual([]);
          for (const form of formsOf(Buffer.from(forbidden))) expect(holders(stage, form)).toEqual([]);
        }
        for (const secret of secrets) for (const form of formsOf(secret)) expect(holders(stage, form)).toEqual([]);
        for (const code of codes) {
          const alone = new RegExp(`(?<![0-9.])${code}(?![0-9])`);
          const found = [...stage.files].filter(([, content]) => alone.test(content.toString('latin1')));
          expect(found.map(([path]) => path)).toEqual([]);
        }
      }
    });

    test('names no object by an HRID, and has none in the filter', () => {
      for (const stage of stages) {
        for (const hrid of hrids) {
          for (const form of textFormsOf(hrid)) {
            expect(holders(stage, form)).toEqual([]);
            expect([...stage.files.keys()].filter((path) => path.includes(form))).toEqual([]);
          }
          const inKv = holders(stage, Buffer.from(hrid)).filter(isPublished);
          expect(inKv).toEqual([]);
        }
      }
    });
  });

  describe('the log of a relay', () => {
    test('says nothing of a client', () => {
      const { log } = stages.at(-1) as Traces;
      expect(log).toContain('/v1/registrations');
      const forms = [...hrids, ...secrets].flatMap(textFormsOf);
      for (const trace of [name, groupName, text, ...codes, ...forms, 'example.org', '?'])
        expect(log).not.toContain(trace);
      // Also of a code that a provider has not taken.
      expect(relay.logs.some((line) => line.includes('challenge-failed'))).toBe(true);
      const allowed = ['event', 'route', 'method', 'status', 'milliseconds', 'count', 'error', 'channel'];
      for (const line of relay.logs) expect(allowed).toEqual(expect.arrayContaining(Object.keys(JSON.parse(line))));
    });
  });

  describe('a URL', () => {
    test('says nothing of a client', () => {
      const asked = urls.filter((url) => url.includes('/v1/'));
      expect(asked.some((url) => url.endsWith('/v1/messages') || url.endsWith('/v1/stream'))).toBe(true);
      const forms = hrids.flatMap(textFormsOf);
      for (const url of asked) {
        for (const trace of [name, 'example.org', encodeURIComponent(name), ...codes, ...forms]) {
          expect(url).not.toContain(trace);
        }
      }
    });
  });
});
