// Loaded into a command before it starts: notes what it says to relays in the file that EXCHANGES names, a line each. To
// compare it at once would take longer to load than most commands take.

import { appendFileSync } from 'node:fs';
import { observed, toLine } from './exchange.ts';

const { EXCHANGES: file = '' } = process.env;
globalThis.fetch = observed(globalThis.fetch, (exchange) => appendFileSync(file, toLine(exchange)));
