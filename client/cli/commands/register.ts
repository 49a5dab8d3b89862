// register, unregister.

import type { Command } from 'commander';
import { confirm } from '../confirm.ts';
import { type Context, examples, type Run } from '../context.ts';
import { bold, text } from '../escape.ts';
import { Failure, hasCode, Interrupted, usage } from '../failure.ts';
import { shortPath } from '../location.ts';
import { parsePolicy } from '../policy.ts';
import { parseRelay } from '../relay-address.ts';
import { createStore, openClient, openIn, openStore, settle, storeExists, storePath } from '../session.ts';

const defaultRelay = 'http://localhost:8787';
const settleSeconds = 30;

export function declareRegister(program: Command, run: Run): void {
  program
    .command('register')
    .helpGroup('Begin:')
    .summary('register with a relay')
    .description(
      'Registers with a relay. It sends a code to the address, and you type it here; without a terminal the code is the next line of standard input. Makes the store if there is none.',
    )
    .argument('<address>', 'an e-mail address, or a phone number in international form')
    .option('--relay <url>', `the relay (or CLIQUET_RELAY; ${defaultRelay} if neither is given)`)
    .option('--history <rule>', 'how long groups keep their messages here: all, none, or so many days', 'all')
    .addHelpText(
      'after',
      examples(
        ['cliquet register you@example.org', 'by e-mail'],
        ['cliquet register +31612345678 --relay https://relay.example', 'by phone'],
        ['echo 123456 | cliquet register you@example.org', 'in a script'],
      ),
    )
    .action((address: string, options: RegisterOptions) => run((context) => register(context, address, options)));

  program
    .command('unregister')
    .helpGroup('Begin:')
    .summary('leave the relay')
    .description(
      'Ends the registration: the relay forgets this client, and nobody can reach it any more. Contacts, groups and what was said stay in the store.',
    )
    .option('--yes', 'do not ask')
    .addHelpText('after', examples(['cliquet unregister', 'asks before it does so']))
    .action((options: { yes?: boolean }) => run((context) => unregister(context, options)));
}

interface RegisterOptions {
  readonly relay?: string;
  readonly history: string;
}

async function register(context: Context, address: string, options: RegisterOptions): Promise<void> {
  if (!/^\S+@\S+$|^\+[\d ()-]+$/.test(address)) {
    throw usage(
      text`'${address}' is neither an e-mail address nor a phone number in international form (+…); check it.`,
    );
  }
  const relay = options.relay ?? (context.env.CLIQUET_RELAY || undefined);
  if (relay !== undefined) parseRelay(relay);
  const history = parsePolicy(options.history);
  const isNew = !storeExists(context);
  const { store, keep } = isNew
    ? await createStore(context)
    : { store: await openStore(context), keep: () => undefined };
  const client = await openIn(context, store, {
    connect: false,
    ...(isNew ? { relay: relay ?? defaultRelay, history } : relay === undefined ? {} : { relay }),
  }).catch((error: unknown) => {
    throw hasCode(error, 'other-relay') ? otherRelay(context) : error;
  });
  // A new store of somebody whom the relay does not know holds nothing, and would tie the next try to this relay: it is
  // kept from the first answer on.
  const ask = new CodeQuestion(context, address, keep);
  context.terminal.progress(text`Asking ${client.relay} for a code …`);
  try {
    await client.register(address, () => ask.next());
  } catch (error) {
    throw hasCode(error, 'registration-cancelled') ? ask.why() : error;
  }
  await settle(context, client, settleSeconds).catch(() => undefined); // what is left of it is done with the next command
  await context.terminal.print(text`You are registered with ${client.relay}.`);
  await context.terminal.print(text`Your store is ${shortPath(storePath(context))}.`);
  await context.terminal.note(text`\nNext, give somebody your invite:  ${bold('cliquet invite')}`);
}

const otherRelay = (context: Context) =>
  new Failure(
    text`The store at ${shortPath(storePath(context))} belongs to another relay; name a new one with --store FILE, or say neither --relay nor CLIQUET_RELAY.`,
  );

/** Asks for the code until it is right, or nobody answers any more. */
class CodeQuestion {
  readonly #context: Context;
  readonly #address: string;
  readonly #answered: () => void;
  #attempts = 0;

  constructor(context: Context, address: string, answered: () => void) {
    this.#context = context;
    this.#address = address;
    this.#answered = answered;
  }

  async next(): Promise<string | null> {
    const { prompt, terminal } = this.#context;
    terminal.clear();
    if (!prompt.isTyped) {
      const line = await prompt.readLine();
      return line === null ? null : this.#take(line);
    }
    if (this.#attempts > 0) await terminal.note(text`That is not the code; check it and try again.`);
    for (;;) {
      const answer = await prompt.ask(text`The code that was sent to ${this.#address}: `);
      if (answer === null || answer === undefined) return null;
      if (answer.trim() !== '') return this.#take(answer);
    }
  }

  #take(answer: string): string {
    this.#attempts++;
    this.#answered();
    this.#context.terminal.progress(text`Asking the relay …`);
    return answer;
  }

  /** Why there was no answer. */
  why(): Error {
    if (this.#context.prompt.isTyped) return new Interrupted();
    if (this.#attempts > 0) return new Failure(text`That was not the code; run it again when you have the right one.`);
    return new Failure(text`There was no code on standard input; run it in a terminal, or write the code there.`);
  }
}

async function unregister(context: Context, { yes = false }: { yes?: boolean }): Promise<void> {
  const client = await openClient(context);
  if (!client.isRegistered) throw new Failure(text`You are not registered, so there is nothing to end.`);
  if (!yes) await confirm(context, text`Nobody will be able to reach you here any more.`, 'unregister');
  context.terminal.progress(text`Telling ${client.relay} …`);
  await client.unregister();
  await context.terminal.print(text`You are no longer registered. Contacts, groups and messages are still here.`);
}
