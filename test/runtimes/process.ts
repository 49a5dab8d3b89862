// A task in a process, on Node, Deno or Bun: `process.ts FOLDER`, with the task on standard input. The report goes to
// standard output.

import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { sqliteStore } from '../../client/store/sqlite.ts';
import { adapters } from '../client/store/adapters.ts';
import { live } from './life.ts';

const [folder = ''] = process.argv.slice(2);
const { node, deno, bun } = process.versions;
const report = await live(JSON.parse(await text(process.stdin)), {
  version: deno ?? bun ?? node,
  adapters: adapters(() => mkdtempSync(join(folder, 'store-'))),
  lasting: 'sqliteStore()',
  openStore: async () => sqliteStore(join(folder, 'ada.db')),
});
process.stdout.write(JSON.stringify(report));
