// Before each file of the end-to-end and the conformance suite: whatever it and the commands that it starts say to a relay
// of ours over `fetch` is compared with docs/openapi.json. Nothing of it is loaded before other files.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import type { Exchange } from './exchange.ts';

if (/\/test\/(e2e|conformance)\//.test(expect.getState().testPath ?? '')) {
  const { fromLine, observed } = await import('./exchange.ts');
  const { checkExchange } = await import('./openapi.ts');
  const { relayUrls } = await import('./relay.ts');

  const faults = new Set<string>();
  const check = (exchange: Exchange) => {
    if (!relayUrls.has(new URL(exchange.url).origin)) return;
    try {
      checkExchange(exchange);
    } catch (error) {
      faults.add((error as Error).message);
    }
  };
  globalThis.fetch = observed(globalThis.fetch, check);
  const folder = mkdtempSync(join(tmpdir(), 'cliquet-exchanges-'));
  const file = join(folder, 'exchanges');
  writeFileSync(file, '');
  process.env.EXCHANGES = file;
  afterAll(() => {
    for (const line of readFileSync(file, 'utf8').split('\n')) if (line !== '') check(fromLine(line));
    rmSync(folder, { recursive: true });
    expect([...faults]).toEqual([]);
  });
}
