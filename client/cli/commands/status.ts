// status, and what stands there when `cliquet` is typed alone.

import type { Command } from 'commander';
import type { Client } from '../../index.ts';
import { type Context, examples, type Run } from '../context.ts';
import { bold, dim, green, join, type Safe, text, yellow } from '../escape.ts';
import { isCliquetError, sentenceOf } from '../failure.ts';
import { shortPath } from '../location.ts';
import { openClient, settle, storeExists, storePath } from '../session.ts';

const connectSeconds = 5;

export function declareStatus(program: Command, run: Run): void {
  program
    .command('status')
    .helpGroup('Begin:')
    .summary('show where you stand')
    .description('Shows who you are, whether the relay can be reached, and what is still to be sent.')
    .option('--offline', 'do not connect')
    .option('--json', 'as a JSON object')
    .addHelpText('after', examples(['cliquet status', 'for people'], ['cliquet status --json', 'for programs']))
    .action((options: { offline?: boolean; json?: boolean }) => run((context) => status(context, options)));
}

async function status(
  context: Context,
  { offline = false, json = false }: { offline?: boolean; json?: boolean },
): Promise<void> {
  const { terminal } = context;
  const client = await openClient(context, { connect: !offline });
  const problem = offline || !client.isRegistered ? null : await reach(context, client);
  const { hrid, relay, isRegistered, contacts, groups, pending } = client;
  if (json) {
    const code = isCliquetError(problem) ? problem.code : null;
    return terminal.printJson({
      store: storePath(context),
      relay,
      isRegistered,
      hrid,
      connection: client.connection,
      problem: code,
      contacts: contacts.length,
      groups: groups.length,
      pending,
    });
  }
  const rows: readonly (readonly [string, Safe])[] = [
    ['You', isRegistered ? text`${hrid ?? ''}` : yellow('not registered; type: cliquet register you@example.org')],
    ['Relay', text`${relay}  ${relayState(client, problem, offline)}`],
    ['Store', text`${shortPath(storePath(context))}`],
    ['Contacts', text`${contacts.length}`],
    ['Groups', groupCounts(client)],
    ['To send', text`${pending.unsent + pending.unposted}`],
    ['Not yet confirmed by all', text`${pending.unconfirmed}`],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  for (const [name, value] of rows) await terminal.print(text`${dim(name.padEnd(width))}  ${value}`);
}

/** Why the relay cannot be reached or does not know this client, or null. */
async function reach(context: Context, client: Client): Promise<unknown> {
  try {
    await settle(context, client, connectSeconds);
    return null;
  } catch (error) {
    return error;
  }
}

function relayState(client: Client, problem: unknown, offline: boolean): Safe {
  if (offline || !client.isRegistered) return text``;
  return problem === null ? green('connected') : yellow(sentenceOf(problem));
}

function groupCounts({ groups }: Client): Safe {
  const count = (status: string) => groups.filter((group) => group.status === status).length;
  const returning = groups.filter(({ status, members }) => status === 'lost' && members.some(({ isSelf }) => isSelf));
  const lost = count('lost') - returning.length;
  const heldUp = groups.filter(({ heldUpSince }) => heldUpSince !== null).length;
  const asked = groups.filter(({ status, requests }) => status === 'active' && requests.length > 0);
  const notes = [
    ...(count('invited') > 0 ? [yellow(`${count('invited')} invited: cliquet group`)] : []),
    ...(returning.length > 0 ? [yellow(`${returning.length} to be let in again by a member`)] : []),
    ...(heldUp > 0 ? [yellow(`${heldUp} held up: cliquet group`)] : []),
    ...(lost > 0 ? [yellow(`${lost} lost`)] : []),
    ...asked.map(({ id }) => yellow(`somebody asks to be let in again: cliquet group show ${id.slice(0, 6)}`)),
  ];
  return notes.length === 0 ? text`${groups.length}` : text`${groups.length} (${join(notes, ', ')})`;
}

/** Where one is, and what to type next; without a passphrase. */
export async function overview(context: Context): Promise<void> {
  const { terminal } = context;
  const next: readonly (readonly [string, string])[] = storeExists(context)
    ? [
        ['cliquet status', 'where you stand'],
        ['cliquet listen', 'what has come, and what comes'],
        ['cliquet group', 'your groups'],
        ['cliquet send GROUP TEXT', 'say something'],
        ['cliquet invite', 'let somebody reach you'],
      ]
    : [
        ['cliquet register you@example.org', 'get a code, choose a passphrase'],
        ['cliquet invite', 'then let somebody reach you'],
        ['cliquet restore FILE', 'or bring a backup back'],
      ];
  const where = storeExists(context)
    ? text`Your store is ${shortPath(storePath(context))}.`
    : text`You are not registered yet: there is no store at ${shortPath(storePath(context))}.`;
  await terminal.print(text`${bold('Cliquet')} — small groups, end-to-end encrypted\n\n${where} Next:\n`);
  const width = Math.max(...next.map(([command]) => command.length));
  for (const [command, what] of next) await terminal.print(text`  ${bold(command.padEnd(width))}  ${what}`);
  await terminal.print(dim(text`\nEverything else: cliquet --help`));
}
