// send, edit, delete.

import { basename } from 'node:path';
import type { Command } from 'commander';
import type { Group, Sendable } from '../../index.ts';
import { type Context, examples, type Run } from '../context.ts';
import { assertCompany, type DeliveryOptions, delivered, findNewGroup, waitWords, withDelivery } from '../delivery.ts';
import { type Safe, text } from '../escape.ts';
import { Failure, usage } from '../failure.ts';
import { mediaTypeOf } from '../media-type.ts';
import { readRegular } from '../named-file.ts';
import { findMessage, groupName, shortId } from '../names.ts';
import { openClient } from '../session.ts';

/** Nothing larger than this is read: a message holds much less. */
const maxReadBytes = 1024 * 1024;
/** A longer file name loses its beginning, not its ending; a media type may be as long. */
const maxName = 128;

interface SendOptions extends DeliveryOptions {
  readonly file?: string;
  readonly type?: string;
  readonly reply?: string;
  readonly receipt?: boolean;
  readonly json?: boolean;
}

export function declareSend(program: Command, run: Run): void {
  withDelivery(program.command('send'))
    .helpGroup('Talk:')
    .summary('send a message or a file')
    .description(
      'Sends a message to a group and waits until the relay has it. Without a text, standard input is sent. A message or a file has at most 64 KiB.',
    )
    .argument('<group>', 'its name, or at least 4 characters of its id')
    .argument('[text...]', 'what to say; - for standard input')
    .option('--file <path>', 'send a file')
    .option('--type <media-type>', "the file's media type, if its name does not tell")
    .option('--reply <id>', 'the message that this one answers')
    .option('--receipt', 'ask to be told when it was read')
    .option('--json', 'print id and state as JSON')
    .addHelpText(
      'after',
      examples(
        ['cliquet send Holidays We leave at nine', 'a text'],
        ['date | cliquet send Holidays', 'from standard input'],
        ['cliquet send Holidays --file map.png', 'a file'],
        ["cliquet send Holidays --reply x7Qf 'At ten!'", 'an answer'],
      ),
    )
    .action((group: string, words: string[], options: SendOptions) =>
      run((context) => send(context, group, words, options)),
    );

  withDelivery(program.command('edit'))
    .helpGroup('Talk:')
    .summary('change a text that you have sent')
    .description('Changes a text that you have sent, for everybody. Who has read it has read it.')
    .argument('<group>', 'its name, or at least 4 characters of its id')
    .argument('<message>', 'at least 4 characters of its id, as history shows it')
    .argument('<text...>', 'what it is to say; - for standard input')
    .addHelpText('after', examples(['cliquet edit Holidays x7Qf We leave at ten', 'another text']))
    .action((group: string, message: string, words: string[], options: DeliveryOptions) =>
      run((context) => edit(context, group, message, words, options)),
    );

  withDelivery(program.command('delete'))
    .helpGroup('Talk:')
    .summary('take back a message that you have sent')
    .description('Takes back a message that you have sent, for everybody. Who has read it has read it.')
    .argument('<group>', 'its name, or at least 4 characters of its id')
    .argument('<message>', 'at least 4 characters of its id, as history shows it')
    .addHelpText('after', examples(['cliquet delete Holidays x7Qf', 'take it back']))
    .action((group: string, message: string, options: DeliveryOptions) =>
      run((context) => remove(context, group, message, options)),
    );
}

async function send(context: Context, wanted: string, words: readonly string[], options: SendOptions): Promise<void> {
  const content =
    options.file === undefined ? await textOf(context, words) : await fileOf(options.file, words, options);
  if (options.type !== undefined && options.file === undefined) throw usage(text`--type goes with --file.`);
  const client = await openClient(context, { connect: options.wait });
  const group = await findNewGroup(context, client, wanted, options.wait);
  assertCompany(group);
  const reply = options.reply === undefined ? {} : { reply: (await findMessage(client, group, options.reply)).id };
  const id = await group.send(content, { ...reply, asksReceipt: options.receipt ?? false });
  await delivered(context, client, options, () => group.message(id));
  const state = (await group.message(id))?.state ?? null;
  if (options.json) return context.terminal.printJson({ id, group: group.id, groupName: group.name, state });
  const waits = waitWords(group, options.wait);
  const [what, end] = waits === null ? [text`Sent to`, text``] : [text`Kept for`, text`; ${waits}`];
  await context.terminal.print(text`${shortId(id)}  ${what} ${groupName(group)}${end}`);
}

async function edit(
  context: Context,
  wanted: string,
  message: string,
  words: readonly string[],
  options: DeliveryOptions,
): Promise<void> {
  const content = await textOf(context, words);
  const client = await openClient(context, { connect: options.wait });
  const group = await findNewGroup(context, client, wanted, options.wait);
  const { id } = await findMessage(client, group, message);
  await group.edit(id, content);
  await delivered(context, client, options, null);
  await context.terminal.print(text`${shortId(id)}  Changed ${place(group, options.wait)}`);
}

async function remove(context: Context, wanted: string, message: string, options: DeliveryOptions): Promise<void> {
  const client = await openClient(context, { connect: options.wait });
  const group = await findNewGroup(context, client, wanted, options.wait);
  const { id } = await findMessage(client, group, message);
  await group.delete(id);
  await delivered(context, client, options, null);
  await context.terminal.print(text`${shortId(id)}  Deleted ${place(group, options.wait)}`);
}

/** Where something is changed so far. */
function place(group: Group, waited: boolean): Safe {
  const waits = waitWords(group, waited);
  return waits === null ? text`in ${groupName(group)}` : text`here, for ${groupName(group)}; ${waits}`;
}

/** The words of the command line, or standard input. */
async function textOf({ prompt }: Context, words: readonly string[]): Promise<string> {
  const isStdin = words.length === 0 || (words.length === 1 && words[0] === '-');
  if (words.length === 0 && prompt.isTyped) {
    throw usage(text`There is nothing to send; write the text behind the group, or - to type it on standard input.`);
  }
  const content = isStdin ? await readInput() : words.join(' ');
  if (content === '') throw usage(text`There is nothing to send: the text is empty.`);
  return content;
}

/** Standard input without its last line break. */
async function readInput(): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin) {
    chunks.push(Buffer.from(chunk));
    size += chunks.at(-1)?.length ?? 0;
    if (size > maxReadBytes) throw tooLarge(text`Standard input`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)).replace(/\r?\n$/, '');
  } catch {
    throw new Failure(text`Standard input is no text; write it to a file, and send that with --file FILE.`);
  }
}

async function fileOf(path: string, words: readonly string[], { type }: SendOptions): Promise<Sendable> {
  if (words.length > 0)
    throw usage(text`Send either a text or a file; to say something about the file, send it behind.`);
  if (type !== undefined && !(/^[\w.+-]+\/[\w.+-]+(;[\w .=+"-]+)?$/.test(type) && type.length <= maxName))
    throw usage(text`'${type}' is no media type; write it like image/png.`);
  const data = await readRegular(path, maxReadBytes);
  if (data === 'too-large') throw tooLarge(text`${path}`);
  return { mediaType: type ?? mediaTypeOf(path), name: basename(path).slice(-maxName).toWellFormed(), data };
}

const tooLarge = (what: ReturnType<typeof text>) =>
  new Failure(text`${what} is too large: a message or a file has at most 64 KiB; send it in parts.`);
