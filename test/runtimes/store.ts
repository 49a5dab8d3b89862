// Takes the store's adapters through their contract, on whatever runs this: `store.ts FOLDER`. It says which runtime
// that is, and then a line of JSON a case.

import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { adapters } from '../client/store/adapters.ts';
import { cases, goThrough } from '../client/store/contract.ts';

export interface Outcome {
  readonly adapter: string;
  readonly title: string;
  /** What went wrong, or null. */
  readonly failure: string | null;
}

const [folder = ''] = process.argv.slice(2);
const say = (line: object) => console.log(JSON.stringify(line));

say(process.versions);
for (const [adapter, underTest] of Object.entries(adapters(() => mkdtempSync(join(folder, 'store-'))))) {
  for (const [title, run] of Object.entries(cases)) {
    const failure = await goThrough(run, underTest).then(() => null, String);
    say({ adapter, title, failure } satisfies Outcome);
  }
}
