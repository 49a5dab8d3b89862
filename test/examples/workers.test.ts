// docs/examples/workers: two Workers in real workerd, bound as its wrangler.toml says, at a real relay.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { unstable_getMiniflareWorkerOptions } from 'wrangler';
import { convertV4MiniflareOptions, Miniflare } from '../support/miniflare.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';

vi.setConfig({ testTimeout: 180_000 });

const sources = join(import.meta.dirname, '../../docs/examples/workers');
const folder = mkdtempSync(join(tmpdir(), 'cliquet-workers-'));
let relay: TestRelay;
let script: string;
let ada: Worker;
let bob: Worker;

/** One of the two, on this machine. */
class Worker {
  readonly name: 'ada' | 'bob';
  #miniflare: InstanceType<typeof Miniflare> | undefined;
  #url = '';

  constructor(name: 'ada' | 'bob') {
    this.name = name;
  }

  async start(): Promise<void> {
    const { workerOptions } = unstable_getMiniflareWorkerOptions(join(sources, 'wrangler.toml'), this.name);
    const { compatibilityDate, compatibilityFlags, bindings, durableObjects } = workerOptions;
    const secrets = { TOKEN: `token of ${this.name}`, STORE_KEY: Buffer.alloc(32, this.name).toString('base64') };
    const options = convertV4MiniflareOptions({
      ...{ name: this.name, modules: true, script, compatibilityDate, compatibilityFlags, durableObjects },
      bindings: { ...(bindings as object), RELAY: relay.url, ...secrets },
      ...{ host: '127.0.0.1', port: 0, cf: false },
    });
    this.#miniflare = new Miniflare({ ...options, resourcePersistencePath: join(folder, this.name) });
    this.#url = (await this.#miniflare.ready).origin;
  }

  async stop(): Promise<void> {
    await this.#miniflare?.dispose();
  }

  async call(route: string, body = '', token = `token of ${this.name}`): Promise<string> {
    const [method = '', path = ''] = route.split(' ');
    const headers = { authorization: `Bearer ${token}` };
    const answer = await fetch(this.#url + path, { method, headers, ...(method === 'POST' && { body }) });
    return `${answer.status} ${(await answer.text()).trim()}`;
  }

  /** What it answers, if all is well. */
  async do(route: string, body?: string): Promise<string> {
    const [, answer = ''] = /^200 (.+)$/s.exec(await this.call(route, body)) ?? [];
    expect(answer).not.toBe('');
    return answer;
  }
}

beforeAll(async () => {
  const [{ outputFiles }, started] = await Promise.all([
    build({
      entryPoints: [join(sources, 'talker.ts')],
      bundle: true,
      write: false,
      format: 'esm',
      external: ['cloudflare:*'],
      conditions: ['workerd', 'worker', 'browser'],
    }),
    startRelay(),
  ]);
  relay = started;
  const text = outputFiles[0]?.text ?? '';
  // A minute is long in a test.
  script = text.replace('heartbeatMs = 6e4', 'heartbeatMs = 2e3');
  expect(script).not.toBe(text);
  [ada, bob] = [new Worker('ada'), new Worker('bob')];
  await Promise.all([ada.start(), bob.start()]);
});
afterAll(async () => {
  await Promise.all([ada.stop(), bob.stop()]);
  await relay.stop();
  rmSync(folder, { recursive: true });
});

test('nobody calls one who does not know its token', async () => {
  for (const token of ['', 'undefined', 'token of bob']) {
    expect(await ada.call('GET /invite', '', token)).toMatch(/^401 Say the token/);
  }
  expect(await ada.call('GET /')).toMatch(/^404 There is: POST \/register, /);
  expect(await ada.call('GET /invite')).toMatch(/^409 .*register first/);
  expect(await ada.call('POST /code', '123456')).toBe('409 No code is waited for; POST to /register first.');
});

test('each registers with the code that somebody brings', async () => {
  expect(await ada.do('POST /register')).toBe('A code is on its way to ada@example.org; POST it to /code.');
  expect(await ada.call('POST /code', '0')).toMatch(/^409 The registration was given up/);
  expect(await ada.call('POST /ask', 'Who?')).toMatch(/^409 This Worker is in no group;/);
  for (const worker of [ada, bob]) {
    await worker.do('POST /register');
    expect(await worker.do('POST /code', await relay.inbox(`${worker.name}@example.org`))).toMatch(/^cliquet:/);
  }
});

test('one founds a group with the other, and each answers what the other asks', async () => {
  await bob.do('POST /trust', await ada.do('GET /invite'));
  await ada.do('POST /group', await bob.do('GET /invite'));
  expect(await ada.do('POST /ask', 'How many words are these?')).toBe('I have counted 5 words.');
  expect(await bob.do('POST /ask', 'And these?')).toBe('I have counted 2 words.');
  const questions = Array.from({ length: 10 }, (_, i) => 'word '.repeat(i + 1));
  const all = [ada, bob].flatMap((worker) => questions.map((question) => worker.do('POST /ask', question)));
  const expected = questions.map((_, i) => `I have counted ${i + 1} words.`);
  expect(await Promise.all(all)).toEqual([...expected, ...expected]);
});

test('they go on where they were after both have ended, and what they keep is encrypted', async () => {
  await Promise.all([ada.stop(), bob.stop()]);
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const kept = Buffer.concat(files.map(({ parentPath, name }) => readFileSync(join(parentPath, name))));
  expect(kept.includes('cliquet_entries')).toBe(true);
  for (const said of ['How many words', 'I have counted']) expect(kept.includes(said)).toBe(false);
  await Promise.all([ada.start(), bob.start()]);
  // Nobody calls bob: it is its alarm that brings it back.
  expect(await ada.do('POST /ask', 'Still there?')).toBe('I have counted 2 words.');
});
