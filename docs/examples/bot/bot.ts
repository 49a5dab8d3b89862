// A bot that answers in groups. It accepts every invitation, and answers what begins with a slash: each message once,
// however often it is killed and started again.
//
//   CLIQUET_PASSPHRASE='…' node docs/examples/bot/bot.ts ADDRESS [--relay URL] [--store FILE]
//
// What it knows stands in `commands`: begin there.

import { randomInt } from 'node:crypto';
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { Client, CliquetError, encryptedStore, type Group, messageIdFor } from 'cliquet';
import { sqliteStore } from 'cliquet/sqlite';

/** What each command answers to what stands behind it. */
const commands: ReadonlyMap<string, (rest: string) => string> = new Map([
  ['/help', () => `I know ${[...commands.keys()].join(', ')}. Try /roll 2d6`],
  ['/echo', (rest) => rest || 'Echo what? Say it behind /echo.'],
  ['/roll', roll],
]);

function roll(dice: string): string {
  const [, count = 1, sides] = /^([1-9]\d?)?d([1-9]\d{0,2})$/.exec(dice || 'd6') ?? [];
  if (sides === undefined) return 'Which dice? Say how many, and of how many sides, as in /roll 2d6';
  const rolled = Array.from({ length: Number(count) }, () => 1 + randomInt(Number(sides)));
  return `${rolled.join(' + ')} = ${rolled.reduce((sum, each) => sum + each)}`;
}

function answerTo(text: string): string | null {
  const [, name = '', rest = ''] = /^(\/\w+)(.*)$/s.exec(text.trim()) ?? [];
  if (name === '') return null;
  return commands.get(name)?.(rest.trim()) ?? `I do not know ${name}. What I know tells /help`;
}

/**
 * An event is told again if the bot was killed before it asked for the next one. The id of what it says follows from what
 * it has heard: so nothing is sent twice, and of two rolls of the dice the first one counts.
 */
async function say(group: Group, text: string, id: string, reply?: string): Promise<void> {
  // Who has been removed, or has lost the group, cannot answer what it heard before.
  if (group.status === 'active') await group.send(text, reply === undefined ? { id } : { id, reply });
}

async function answerAll(client: Client): Promise<void> {
  for await (const event of client.events()) {
    if (event.type === 'invited' && event.group.status === 'invited') await event.group.accept();
    if (event.type === 'invited' || event.type === 'joined') {
      console.log(`In a group: ${event.group.name || 'one without a name'}`);
      await say(event.group, 'Hello! What I can do tells /help', messageIdFor('hello', event.group.id));
    }
    if (event.type === 'message' && event.content.type === 'text') {
      const answer = answerTo(event.content.text);
      if (answer !== null)
        await say(event.group, answer, messageIdFor(event.group.id, event.sender, event.id), event.id);
    }
  }
}

/** Says on standard error why the bot is not connected. It connects again by itself. */
async function tellProblems(client: Client): Promise<never> {
  for (let known = client.problem; ; await client.changed()) {
    if (client.problem === known) continue;
    known = client.problem;
    console.error(known === null ? 'Connected again.' : new CliquetError(known).message);
  }
}

async function askForCode(attempt: number): Promise<string | null> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const ended = new Promise<null>((resolve) => terminal.once('close', () => resolve(null)));
  const question = attempt === 1 ? 'Which code did the bot get? ' : 'That is not the code. Once more: ';
  const code = await Promise.race([terminal.question(question), ended]);
  terminal.close();
  return code;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      relay: { type: 'string', default: 'http://localhost:8787' },
      store: { type: 'string', default: 'bot.db' },
    },
  });
  const passphrase = process.env.CLIQUET_PASSPHRASE;
  if (!passphrase) throw new Error('Set CLIQUET_PASSPHRASE: what the bot keeps is encrypted under it.');
  const store = await encryptedStore(sqliteStore(values.store), passphrase);
  const client = await Client.open({ relay: values.relay, store });
  try {
    if (!client.isRegistered) {
      const [address] = positionals;
      if (address === undefined) throw new Error('Say an address for the bot, to which its relay can send a code.');
      await client.register(address, askForCode);
      // Nobody can invite it before the relay has its key packages.
      await client.settled();
    }
    console.log(`Invite the bot with: ${client.invite()}`);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void client.close());
    void tellProblems(client);
    await answerAll(client);
  } finally {
    await client.close();
  }
}

main().catch((error: unknown) => {
  // Told to stop in the middle of an answer: it is given at the next start.
  if (error instanceof CliquetError && error.code === 'client-closed') return;
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
