import { describe, it } from 'vitest';
import { temporaryFolder } from '../../support/folder.ts';
import { adapters } from './adapters.ts';
import { cases, goThrough } from './contract.ts';

for (const [name, adapter] of Object.entries(adapters(temporaryFolder))) {
  describe(name, () => {
    for (const [title, run] of Object.entries(cases)) it(title, () => goThrough(run, adapter));
  });
}
