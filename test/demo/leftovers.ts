// What a relay still holds, read from its own files after it has stopped.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export interface Leftovers {
  /** Databases of mailboxes that were found. */
  readonly mailboxes: number;
  /** Rows in all of them: messages that somebody has not acknowledged, and entries of queues. */
  readonly records: number;
  readonly entries: number;
  /** Which of the given texts stand anywhere in any file. */
  readonly found: readonly string[];
}

/** @param texts  what must stand nowhere: plaintext, addresses, codes */
export async function readLeftovers(stateFolder: string, texts: readonly string[]): Promise<Leftovers> {
  const names = await readdir(stateFolder, { recursive: true, withFileTypes: true });
  const files = names.filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name));
  const found = new Set<string>();
  let mailboxes = 0;
  let records = 0;
  let entries = 0;
  for (const file of files) {
    const bytes = await readFile(file);
    for (const text of texts) if (bytes.includes(text)) found.add(text);
    if (!file.endsWith('.sqlite')) continue;
    const database = new DatabaseSync(file, { readOnly: true });
    const count = (table: string) => Number(database.prepare(`select count(*) as n from "${table}"`).get()?.n ?? 0);
    const tables = database
      .prepare(`select name from sqlite_master where type = 'table'`)
      .all()
      .map(({ name }) => name);
    if (tables.includes('record')) {
      mailboxes++;
      records += count('record');
      entries += count('entry');
    }
    database.close();
  }
  return { mailboxes, records, entries, found: [...found] };
}
