// The web client as each host serves it: the same bytes, the same fields, and nothing else.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundleWeb, outputOf, type WebBuild } from '../../client/web/build.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { readProblem } from '../support/request.ts';

let built: WebBuild;
beforeAll(async () => {
  built = await bundleWeb();
});

/** What a host may add to every answer, and what says how it was sent. */
const ofTransport = [
  ...['connection', 'content-encoding', 'content-length', 'date', 'keep-alive', 'transfer-encoding'],
  ...['access-control-expose-headers'],
];

async function get(relay: TestRelay, path: string, headers: Readonly<Record<string, string>> = {}) {
  const response = await fetch(relay.url + path, { headers, redirect: 'manual' });
  const fields = Object.fromEntries([...response.headers].filter(([name]) => !ofTransport.includes(name)));
  return { status: response.status, fields, body: new Uint8Array(await response.arrayBuffer()), response };
}

describe.each(['workerd', 'node', 'deno'] as const)('on %s the web client', (host) => {
  let relay: TestRelay;
  beforeAll(async () => {
    relay = await startRelay({ host });
  });
  afterAll(() => relay.stop());

  test('is what was built, every file of it, each with its type', async () => {
    for (const [path, contents] of built.files) {
      const { status, body, fields } = await get(relay, path === '/index.html' ? '/' : path);
      expect({ path, status }).toEqual({ path, status: 200 });
      expect(Buffer.from(body).equals(contents)).toBe(true);
      expect(fields['content-type']).toMatch(
        /^(text\/(html|css|javascript); charset=utf-8|image\/|application\/manifest)/,
      );
    }
  });

  test('may run its own scripts and talk to its relay, and nothing else', async () => {
    const { fields } = await get(relay, '/');
    expect(fields).toEqual({
      'cache-control': 'no-cache',
      'content-security-policy':
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob:; " +
        "manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
        "require-trusted-types-for 'script'; trusted-types cliquet",
      'content-type': 'text/html; charset=utf-8',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'permissions-policy': expect.stringMatching(/^camera=\(self\), (?!.*(self|\*)).*microphone=\(\)/),
      'referrer-policy': 'no-referrer',
      vary: 'accept-encoding, Origin',
      'x-content-type-options': 'nosniff',
    });
    for (const path of built.files.keys()) {
      const { 'cache-control': _, 'content-type': __, ...others } = (await get(relay, path)).fields;
      if (path === '/index.html') continue;
      const { 'cache-control': ___, 'content-type': ____, ...ofPage } = fields;
      expect(others).toEqual(ofPage);
    }
  });

  test('has the same fields when only those are asked for, and when a browser has it already', async () => {
    const { fields } = await get(relay, '/');
    const head = await fetch(`${relay.url}/`, { method: 'HEAD' });
    const again = await get(relay, '/', { 'if-none-match': '*', 'if-modified-since': new Date().toUTCString() });
    expect({ status: again.status, fields: again.fields }).toEqual({ status: 200, fields });
    for (const [name, value] of Object.entries(fields)) expect([name, head.headers.get(name)]).toEqual([name, value]);
  });

  test('has no answer beside it that a browser takes for a page', async () => {
    const asked: [string, RequestInit?][] = [
      ...['/nothing', '/assets/nothing.js', '/v1/nothing', '/v1/queue', '/v1/stream', '/v1/info'].map(
        (path) => [path] as [string],
      ),
      ...['/', '/service-worker.js'].map((path): [string, RequestInit] => [path, { method: 'POST', body: '<script>' }]),
      ['/v1/registrations', { method: 'POST', body: '<script>', headers: { 'content-type': 'text/html' } }],
      ['/v1/queue', { method: 'HEAD' }],
    ];
    for (const [path, init] of asked) {
      const { headers } = await fetch(relay.url + path, init);
      expect({ path, ...Object.fromEntries(headers) }).toMatchObject({
        path,
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'cross-origin-resource-policy': 'same-origin',
        'x-content-type-options': 'nosniff',
      });
    }
  });

  test('is kept for ever where its name has a hash in it, and is asked for again where it has none', async () => {
    for (const path of built.files.keys()) {
      const { 'cache-control': caching } = (await get(relay, path === '/index.html' ? '/' : path)).fields;
      expect(caching).toBe(path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache');
    }
  });

  test('has one page, and no path that was not built', async () => {
    for (const path of [
      '/index.html',
      '/assets/',
      '/assets/nothing.js',
      '/assets/..%2findex.html',
      '/groups',
      '/main.tsx',
    ]) {
      expect(await readProblem(await fetch(relay.url + path))).toMatchObject({ status: 404, code: 'not-found' });
    }
    expect((await fetch(`${relay.url}/`, { method: 'POST' })).status).toBe(404);
    const head = await fetch(`${relay.url}/`, { method: 'HEAD' });
    expect({ status: head.status, body: await head.text() }).toEqual({ status: 200, body: '' });
  });

  test('comes compressed to who takes it', async () => {
    const path = outputOf(built.metafile, 'client/web/main.tsx');
    const encodings = {
      'br, gzip': host === 'workerd' ? /br|gzip/ : /^br$/,
      gzip: /^gzip$/,
      'gzip;q=0': /^$/,
      identity: /^$/,
    };
    for (const [accepted, expected] of Object.entries(encodings)) {
      const { response, body } = await get(relay, path, { 'accept-encoding': accepted });
      expect(response.headers.get('content-encoding') ?? '').toMatch(expected);
      expect(Buffer.from(body).equals(built.files.get(path) ?? Buffer.alloc(0))).toBe(true);
    }
  });
});
