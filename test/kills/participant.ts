// A client process that is made to be killed: `node participant.ts NAME FOLDER`. It sends a running series of texts,
// reads what comes, and keeps a log of its own, as an application that must not lose or double anything would:
//
//   sent INDEX                     said before it is counted; said again under the same id if it was not
//   read NUMBER SENDER TEXT        the number of the event, by which events() drops what was dealt with
//
// It tells on standard output what it is about, so that whoever kills it knows where it was.

import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, encryptedStore } from '../../client/index.ts';
import { sqliteStore } from '../../client/store/sqlite.ts';
import { until } from '../support/until.ts';

const [name = '', folder = ''] = process.argv.slice(2);
const log = join(folder, `${name}.log`);
const tell = (where: string) => process.stdout.write(`${where}\n`);
/** It is there when everybody has sent enough. */
const isOver = () => existsSync(join(folder, 'over'));

const lines = existsSync(log) ? readFileSync(log, 'utf8').split('\n') : [];
// A line that was cut off in the middle was never dealt with.
const whole = lines.slice(0, -1);
let sent = whole.filter((line) => line.startsWith('sent ')).length;
const after = Math.max(
  -1,
  ...whole.filter((line) => line.startsWith('read ')).map((line) => Number(line.split(' ')[1])),
);
if (lines.at(-1)) appendFileSync(log, '\n');

/** Of this life's messages and those before it, how many everybody has; at least. */
let delivered = sent;
let wake: () => void = () => {};
/** Something has happened, or a little time has passed. */
const anEvent = () =>
  new Promise<void>((resolve) => {
    wake = resolve;
    setTimeout(resolve, 20);
  });

tell('opening');
const key = createHash('sha256').update(name).digest();
const store = await encryptedStore(sqliteStore(join(folder, `${name}.db`)), new Uint8Array(key));
const client = await Client.open({ store });
tell('open');
void read();
const group = await until(() => client.groups[0]);
while (!isOver()) {
  const id = createHash('sha256').update(`${name} ${sent}`).digest().subarray(0, 16).toString('base64url');
  tell('sending');
  await group.send(`${name} ${sent}`, { id });
  tell('stored');
  appendFileSync(log, `sent ${sent}\n`);
  sent++;
  // Not faster than the relay takes it, nor than the others do: who was killed has to catch up.
  while (!isOver() && (client.pending.unsent + client.pending.unposted > 0 || sent > delivered + 5)) await anEvent();
}
tell('over');

async function read(): Promise<void> {
  for await (const event of client.events({ after })) {
    tell(event.type);
    if (event.type === 'delivered') delivered++;
    wake();
    if (event.type === 'message' && event.content.type === 'text') {
      appendFileSync(log, `read ${event.number} ${event.sender} ${event.content.text}\n`);
    } else if (['refused', 'gap', 'clone', 'fork', 'rolled-back', 'failed'].includes(event.type)) {
      appendFileSync(log, `wrong ${event.type} ${'code' in event ? event.code : ''}\n`);
    }
  }
}
