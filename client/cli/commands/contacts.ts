// contacts list|add|rename|remove.

import type { Command } from 'commander';
import type { Client, ContactEntry } from '../../index.ts';
import { type Context, examples, type Run } from '../context.ts';
import { dim, green, type Safe, text } from '../escape.ts';
import { Failure, usage } from '../failure.ts';
import { findContact } from '../names.ts';
import { openClient } from '../session.ts';

const maxName = 128;

export function declareContacts(program: Command, run: Run): void {
  const contacts = program
    .command('contacts')
    .helpGroup('People:')
    .summary('list, add, rename and remove contacts')
    .description('The people you know. Groups of a contact are joined without asking; a name is seen by nobody else.')
    .addHelpText(
      'after',
      examples(['cliquet contacts', 'list them'], ["cliquet contacts add 'cliquet:…' --name Bob", 'add one']),
    );

  contacts
    .command('list', { isDefault: true })
    .description('Lists your contacts: the beginning of the id, whether you have verified them, and the name.')
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      examples(['cliquet contacts', 'for people'], ['cliquet contacts list --json', 'for programs']),
    )
    .action((options: { json?: boolean }) => run((context) => list(context, options.json ?? false)));

  contacts
    .command('add')
    .description('Adds the person whom an invite names.')
    .argument('<invite>', 'the invite, a link with it, or - to read it from standard input')
    .option('--name <name>', 'what you call this person')
    .addHelpText(
      'after',
      examples(
        ["cliquet contacts add 'cliquet:…' --name Bob", 'under a name'],
        ['cliquet contacts add - < invite.txt', 'from a file'],
      ),
    )
    .action((invite: string, options: { name?: string }) => run((context) => add(context, invite, options.name)));

  contacts
    .command('rename')
    .description('Gives a contact another name.')
    .argument('<contact>', 'a name, or at least 4 characters of the id')
    .argument('<name>', 'the new name')
    .addHelpText(
      'after',
      examples(['cliquet contacts rename Bob Robert', 'by name'], ["cliquet contacts rename x7Qf 'Bob B.'", 'by id']),
    )
    .action((contact: string, name: string) => run((context) => rename(context, contact, name)));

  contacts
    .command('remove')
    .description(
      'Forgets a contact. Groups that you share stay; groups that this person founds from now on wait for your consent.',
    )
    .argument('<contact>', 'a name, or at least 4 characters of the id')
    .addHelpText('after', examples(['cliquet contacts remove Bob', 'forget Bob']))
    .action((contact: string) => run((context) => remove(context, contact)));
}

async function list(context: Context, json: boolean): Promise<void> {
  const { contacts } = await openClient(context);
  for (const contact of contacts) {
    if (json) await context.terminal.printJson(contact);
    else await context.terminal.print(contactLine(contact));
  }
  if (contacts.length === 0 && !json)
    await context.terminal.note(text`No contacts yet; type: cliquet contacts add INVITE --name NAME`);
}

function contactLine({ hrid, isVerified, name }: ContactEntry): Safe {
  const mark = isVerified ? green('verified') : text`        `;
  return text`${dim(hrid.slice(0, 8))}  ${mark}  ${name === '' ? dim('no name') : name}`;
}

async function add(context: Context, given: string, name: string | undefined): Promise<void> {
  if (name !== undefined) assertName(name);
  const invite = given === '-' ? await context.prompt.readLine() : given;
  if (!invite?.trim()) throw usage(text`There was no invite on standard input; write it there, or behind the command.`);
  const client = await openClient(context);
  if (name !== undefined) assertFree(client, name, null);
  const hrid = await client.addContact(invite, name === undefined ? {} : { name });
  const called = client.contacts.find((contact) => contact.hrid === hrid)?.name || hrid.slice(0, 8);
  await context.terminal.print(text`${called} is a contact now.`);
  await context.terminal.note(
    text`Next:  cliquet group create NAME ${/^\w+$/.test(called) ? called : hrid.slice(0, 8)}`,
  );
}

async function rename(context: Context, wanted: string, name: string): Promise<void> {
  assertName(name);
  const client = await openClient(context);
  const { hrid } = findContact(client.contacts, wanted);
  assertFree(client, name, hrid);
  await client.renameContact(hrid, name);
  await context.terminal.print(text`${hrid.slice(0, 8)} is called ${name} now.`);
}

async function remove(context: Context, wanted: string): Promise<void> {
  const client = await openClient(context);
  const { hrid, name } = findContact(client.contacts, wanted);
  await client.removeContact(hrid);
  await context.terminal.print(text`${name || hrid.slice(0, 8)} is no longer a contact.`);
}

function assertName(name: string): void {
  if (name.trim() === '') throw usage(text`A name cannot be empty; write what you call this person.`);
  if (name.length > maxName) throw usage(text`A name has at most ${maxName} characters.`);
}

/** Two contacts of one name could not be told apart. */
function assertFree(client: Client, name: string, but: string | null): void {
  const other = client.contacts.find((contact) => contact.name === name && contact.hrid !== but);
  if (other) throw new Failure(text`${other.hrid.slice(0, 8)} is called ${name} already; choose another name.`);
}
