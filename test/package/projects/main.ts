// In Node, Deno and Bun: `main.ts RELAY [FILE]`. With a file one of the two keeps everything in it.

import { memoryStore } from 'cliquet';
import { talk } from './talk.ts';

const [relay = '', file] = process.argv.slice(2);
const store = file === undefined ? memoryStore() : (await import('cliquet/sqlite')).sqliteStore(file);
console.log(await talk(relay, [store, memoryStore()]));
