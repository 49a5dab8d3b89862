// Runs examples of the reference one after the other, each in an empty folder of its own, and says which were done.
//
//   run-example.ts RELAY FILE…

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { codeFor } from '../support/given.ts';

const [relay = '', ...files] = process.argv.slice(2);

for (const file of files) {
  process.chdir(await mkdtemp(join(tmpdir(), 'cliquet-example-')));
  // What browsers have: the person's answers.
  Object.assign(globalThis, {
    prompt: (question: string) =>
      question.includes('code') ? codeFor(relay, `${basename(file, '.ts')}@example.org`) : 'a good passphrase',
  });
  try {
    await import(pathToFileURL(file).href);
  } catch (error) {
    console.error(`failed: ${basename(file)}`, error);
    process.exit(1);
  }
  console.log(`done: ${basename(file)}`);
}
// Clients that an example has left open would keep it running.
process.exit(0);
