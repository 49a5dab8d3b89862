// Nothing but a safety number: what else of the library is in a bundle of this?

import { safetyNumber } from 'cliquet';

const members = [1, 2].map((i) => ({ hrid: new Uint8Array(32).fill(i), pk: new Uint8Array(32).fill(i + 2) }));
console.log(safetyNumber(members));
