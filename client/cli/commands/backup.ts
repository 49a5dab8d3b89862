// backup, restore, passphrase.

import type { Command } from 'commander';
import type { Client } from '../../index.ts';
import { type Context, examples, type Run } from '../context.ts';
import { bold, dim, text } from '../escape.ts';
import { Failure, hasCode, Interrupted, usage } from '../failure.ts';
import { shortPath } from '../location.ts';
import { readNamed, writeNamed } from '../named-file.ts';
import { newPassphrase, readPassphrase } from '../passphrase.ts';
import { parseRelay } from '../relay-address.ts';
import { createStore, openIn, storeExists, storePath, unlockStore, working } from '../session.ts';

const words = 24;

export function declareBackup(program: Command, run: Run): void {
  program
    .command('backup')
    .helpGroup('Keep:')
    .summary('write a backup, or show the recovery phrase')
    .description(
      `Writes who you are, your contacts and who is in your groups to an encrypted file: nothing that was said, and no key of a group. The store's passphrase opens it, and the ${words} words of the recovery phrase do.`,
    )
    .argument('[file]', 'a new file')
    .option('--phrase', `show the ${words} words: write them on paper, whoever has them can speak in your name`)
    .option('--force', 'overwrite the file')
    .addHelpText(
      'after',
      examples(['cliquet backup cliquet.backup', 'a file'], ['cliquet backup --phrase', 'the words']),
    )
    .action((file: string | undefined, options: BackupOptions) => run((context) => backup(context, file, options)));

  program
    .command('restore')
    .helpGroup('Keep:')
    .summary('make a new store out of a backup or the recovery phrase')
    .description(
      `Makes a new store out of a backup, which its passphrase or the ${words} words open. The words alone bring back who you are: register with the same address then. Groups have to let the new device in again. Use an identity on one device only.`,
    )
    .argument('[file]', 'the backup')
    .option(
      '--phrase',
      `open it with the ${words} words, or without a file start from them alone; they are asked for, or stand on standard input`,
    )
    .option('--relay <url>', 'the relay, if there is no backup file (or CLIQUET_RELAY)')
    .option('--new-passphrase-file <file>', "the new store's passphrase, if it is not to be the backup's")
    .addHelpText(
      'after',
      examples(
        ['cliquet restore cliquet.backup', 'with its passphrase'],
        ['cliquet restore cliquet.backup --phrase', 'with the words'],
        ['cliquet restore --phrase', 'only the words'],
      ),
    )
    .action((file: string | undefined, options: RestoreOptions) => run((context) => restore(context, file, options)));

  program
    .command('passphrase')
    .helpGroup('Keep:')
    .summary("change the store's passphrase")
    .description("Changes the store's passphrase. Backups keep the one that they were made with.")
    .option('--new-passphrase-file <file>', 'the new one, if nobody is to be asked')
    .addHelpText('after', examples(['cliquet passphrase', 'asks for the old and the new one']))
    .action((options: RestoreOptions) => run((context) => changePassphrase(context, options)));
}

interface BackupOptions {
  readonly phrase?: boolean;
  readonly force?: boolean;
}

interface RestoreOptions {
  readonly phrase?: boolean;
  readonly relay?: string;
  readonly newPassphraseFile?: string;
}

async function backup(
  context: Context,
  file: string | undefined,
  { phrase = false, force = false }: BackupOptions,
): Promise<void> {
  if (file === undefined && !phrase) throw usage(text`Name a file for the backup, or say --phrase for the words.`);
  const { terminal } = context;
  const { store, passphrase } = await unlockStore(context);
  const client = await openIn(context, store, { connect: false });
  if (file !== undefined) {
    const bytes = await client.backup({ passphrase, onProgress: working(context, text`Encrypting`) });
    terminal.clear();
    await writeNamed(file, [bytes], { force });
    await terminal.print(text`Backup written to ${file}. The store's passphrase opens it, and your recovery phrase.`);
  }
  if (phrase) await showPhrase(context, client);
}

async function showPhrase({ terminal }: Context, client: Client): Promise<void> {
  const phrase = await client.recoveryPhrase();
  if (!terminal.isScreen) return terminal.print(text`${phrase}`);
  await terminal.print(text`\n${bold('Your recovery phrase')}\n`);
  const all = phrase.split(' ');
  for (let i = 0; i < all.length; i += 4) {
    const row = all.slice(i, i + 4).map((word, j) => `${String(i + j + 1).padStart(4)}  ${word.padEnd(10)}`);
    await terminal.print(text`${row.join('')}`);
  }
  await terminal.print(dim(text`\nWrite it on paper, and show it to nobody: whoever has it can speak in your name.`));
}

async function restore(context: Context, file: string | undefined, options: RestoreOptions): Promise<void> {
  const { phrase: byPhrase = false } = options;
  if (file === undefined && !byPhrase) throw usage(text`Name the backup, or say --phrase to start from the words.`);
  const relay = options.relay ?? (context.env.CLIQUET_RELAY || undefined);
  if (file === undefined && relay === undefined) throw usage(text`Say at which relay you were, with --relay URL.`);
  if (relay !== undefined) parseRelay(relay);
  if (storeExists(context)) {
    throw new Failure(
      text`There is a store at ${shortPath(storePath(context))} already; restore into a new one, with --store FILE.`,
    );
  }
  const backup = file === undefined ? {} : { backup: await readNamed(file) };
  const phrase = byPhrase ? await readPhrase(context) : undefined;
  const opener = phrase === undefined ? await readPassphrase(context, text`Passphrase of the backup: `) : undefined;
  const secret = await storePassphrase(context, options, opener?.value);
  const { Client } = await import('../../index.ts');
  const { store, keep } = await createStore(context, secret);
  try {
    const client = await Client.restore({
      store,
      connect: false,
      history: 'all',
      ...backup,
      ...(relay === undefined || file !== undefined ? {} : { relay }),
      ...(phrase === undefined ? {} : { phrase }),
      ...(opener === undefined ? {} : { passphrase: opener.value }),
      onProgress: working(context, text`Opening the backup`),
    });
    keep();
    context.atEnd(() => client.close());
    context.terminal.clear();
    await tellRestored(context, client);
  } catch (error) {
    if (hasCode(error, 'wrong-passphrase'))
      throw new Failure(text`That is not the passphrase of this backup; nothing was made. Try again, or use --phrase.`);
    throw error;
  }
}

async function tellRestored(context: Context, client: Client): Promise<void> {
  const { terminal } = context;
  const { contacts, groups } = client;
  await terminal.print(
    text`You are back, with ${contacts.length} contact${contacts.length === 1 ? '' : 's'} and ${groups.length} group${groups.length === 1 ? '' : 's'}.`,
  );
  await terminal.print(text`Your store is ${shortPath(storePath(context))}.`);
  if (groups.length > 0)
    await terminal.print(
      text`The groups' keys were on the old device: as soon as you connect, their members are asked to let you in again. Tell them on another way that it is you.`,
    );
  await terminal.note(
    client.isRegistered
      ? text`Next:  cliquet listen`
      : text`Next, with the same address as before:  cliquet register ADDRESS`,
  );
}

/** The backup's own passphrase, or another one; a new one where there is none yet. */
async function storePassphrase(
  context: Context,
  { newPassphraseFile }: RestoreOptions,
  opener: string | undefined,
): Promise<string> {
  if (newPassphraseFile === undefined && opener !== undefined) return opener;
  return newPassphrase(context, text`New passphrase, for the store on this device: `, newPassphraseFile);
}

async function readPhrase({ prompt }: Context): Promise<string> {
  const answer = prompt.isTyped ? await prompt.ask(text`The ${words} words: `) : await prompt.readLine();
  if (answer === null && prompt.isTyped) throw new Interrupted();
  if (!answer) throw usage(text`Write the ${words} words, with spaces between them.`);
  return answer.trim().toLowerCase().split(/\s+/).join(' ');
}

async function changePassphrase(context: Context, { newPassphraseFile }: RestoreOptions): Promise<void> {
  if (newPassphraseFile === undefined && !context.prompt.isTyped) {
    throw usage(text`Say --new-passphrase-file FILE, or run it in a terminal.`);
  }
  const { inner, passphrase } = await unlockStore(context);
  const { globals, ...rest } = context;
  // What opened the store must not count as the new one.
  const asking: Context = { ...rest, env: {}, globals: globals.store === undefined ? {} : { store: globals.store } };
  const next = await newPassphrase(asking, text`New passphrase: `, newPassphraseFile);
  const { changePassphrase: change } = await import('../../index.ts');
  await change(inner, passphrase, next, { onProgress: working(context, text`Changing it`) });
  await context.terminal.print(text`The store has a new passphrase. Backups keep the one that they were made with.`);
}
