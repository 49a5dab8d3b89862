// Writes test/vectors/backup.json: a backup as version 1 writes it, and what opens it. It must open for ever, so run
// this only when a new version of the format begins:
//
//   node test/vectors/generate-backup.ts

import { writeFileSync } from 'node:fs';
import { restoreBackup, writeBackup } from '../../client/state/backup.ts';
import { openBackupFile } from '../../client/state/backup-file.ts';
import { recoveryPhrase } from '../../client/crypto/recovery-phrase.ts';
import { tables } from '../../client/state/records.ts';
import { State } from '../../client/state/state.ts';
import { memoryStore } from '../../client/store/memory.ts';
import { seededRandom } from '../support/random.ts';
import { toHex } from '../support/vectors.ts';

const random = seededRandom('golden backup');
const filled = (byte: number) => new Uint8Array(32).fill(byte);
const member = (byte: number) => ({ hrid: filled(byte), pk: filled(byte + 100), joined: filled(9) });
const seed = random.bytes(32);
const state = await State.load(memoryStore(), Object.values(tables));
await state.transact((tx) =>
  restoreBackup(tx, {
    createdAt: 0,
    relay: 'https://relay.example.org',
    seed,
    hrid: filled(1),
    contacts: [{ hrid: filled(2), pk: filled(102), name: 'Bob' }],
    verified: [{ hrid: filled(2), pk: filled(102) }],
    groups: [
      {
        id: filled(8),
        name: 'Three',
        generation: filled(9),
        roster: [
          { ...member(1), role: 'admin' },
          { ...member(2), role: 'admin' },
          { ...member(3), role: 'member' },
        ],
        history: { type: 'days', days: 30 },
        timerSeconds: 3600,
      },
    ],
  }),
);
const passphrase = 'correct horse battery staple';
const words = await recoveryPhrase(seed);
const parameters = { memoryKib: 8192, passes: 1 };
const file = await writeBackup(state, random.bytes, { now: 1_800_000_000, passphrase, parameters });
const golden = {
  note: 'A backup of version 1, written by test/vectors/generate-backup.ts; licence as the project.',
  words,
  passphrase,
  content: toHex(await openBackupFile(file, { phrase: words })),
  file: toHex(file),
};
writeFileSync(new URL('./backup.json', import.meta.url), `${JSON.stringify(golden, null, 2)}\n`);
