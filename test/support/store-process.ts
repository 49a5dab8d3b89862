// A process that opens a store and writes to it without end: `node store-process.ts PATH`. It says `opened`, then the
// number of each commit when it is made; or the code of the error that it got.

import { CliquetError } from '../../client/index.ts';
import { sqliteStore } from '../../client/store/sqlite.ts';
import { numberKey } from '../../client/store/store.ts';

const [path = '', blob = '100'] = process.argv.slice(2);
const say = (word: string) => process.stdout.write(`${word}\n`);
try {
  const store = sqliteStore(path);
  say('opened');
  const value = new Uint8Array(Number(blob)).fill(1);
  for (let n = 1; ; n++) {
    // Two that belong together, and a counter.
    await store.commit([
      { key: `a/${numberKey(n)}`, value },
      { key: `b/${numberKey(n)}`, value },
      { key: 'count', value: new TextEncoder().encode(String(n)) },
    ]);
    say(String(n));
    await new Promise((resolve) => setImmediate(resolve)); // lets what was said leave
  }
} catch (error) {
  say(error instanceof CliquetError ? error.code : String(error));
}
