// Catching up in Chromium, with a store in IndexedDB.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { build } from 'esbuild';
import { launchChromium } from '../runtimes/chromium.ts';
import { measureCatchUp } from './catch-up.ts';
import type { Report } from './report.ts';

export async function measureCatchUpInBrowser(report: Report): Promise<void> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'catch-up-page.ts')],
    ...{ bundle: true, write: false, format: 'esm', target: 'es2024', logLevel: 'error' },
  });
  const page = `<!doctype html><title>away</title><script type="module">${outputFiles[0]?.text}</script>`;
  const server = createServer((_, response) =>
    response.setHeader('content-type', 'text/html; charset=utf-8').end(page),
  );
  server.listen(0, 'localhost');
  await once(server, 'listening');
  const browser = await launchChromium();
  try {
    const tab = await browser.newPage();
    await tab.goto(`http://localhost:${(server.address() as AddressInfo).port}`);
    await measureCatchUp(report, 'IndexedDB in Chromium', async (...plan) => {
      const { curves, taken } = await tab.evaluate((values) => window.catchUp(...values), plan);
      if (curves !== 'webcrypto') throw new Error(`the browser has ${curves} only`);
      return taken;
    });
  } finally {
    await browser.close();
    server.close();
  }
}
