// The launcher of the command as it is built for the tests (build.ts).

import { join } from 'node:path';

export const launcher: string = join(import.meta.dirname, '../../.build/cli/cliquet.mjs');
