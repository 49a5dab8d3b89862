// The examples of the reference that only run in a browser, in a real Chromium, on a page of a real relay.

import { join } from 'node:path';
import { build } from 'esbuild';
import { expect, it } from 'vitest';
import { launchChromium } from '../../runtimes/chromium.ts';
import { exampleRelay, examplesOf, readReference } from '../../support/reference.ts';
import { startRelay } from '../../support/relay.ts';

const root = join(import.meta.dirname, '../../..');

it('indexedDbStore() its example runs as it stands', { timeout: 120_000 }, async () => {
  const examples = examplesOf(await readReference(), 'browser');
  expect(examples.map(({ of }) => of)).toEqual(['cliquet/indexeddb.indexedDbStore.indexedDbStore']);
  const relay = await startRelay();
  const browser = await launchChromium();
  try {
    for (const { program } of examples) {
      const { outputFiles } = await build({
        stdin: { contents: program.replaceAll(exampleRelay, relay.url), resolveDir: root, loader: 'ts' },
        bundle: true,
        write: false,
        format: 'esm',
        target: 'es2024',
      });
      // The page's own policy lets no other script run.
      const context = await browser.newContext({ bypassCSP: true });
      const page = await context.newPage();
      await page.goto(`${relay.url}/v1/info`);
      const module = `data:text/javascript;base64,${Buffer.from(outputFiles[0]?.text ?? '').toString('base64')}`;
      // As text: what bundles the tests would make something else of the import.
      await page.evaluate(`import(${JSON.stringify(module)}).then(() => undefined)`);
      const names = await page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name));
      expect(names).toEqual(['me']);
      await context.close();
    }
  } finally {
    await browser.close();
    await relay.stop();
  }
});
