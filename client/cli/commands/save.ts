// save: writes the file of a message to disk.

import type { Command } from 'commander';
import { type Context, examples, type Run } from '../context.ts';
import { text } from '../escape.ts';
import { Failure, usage } from '../failure.ts';
import { fileNameOf } from '../file-name.ts';
import { formatSize } from '../message-line.ts';
import { writeNamed } from '../named-file.ts';
import { findGroup, findMessage } from '../names.ts';
import { openClient } from '../session.ts';

export function declareSave(program: Command, run: Run): void {
  program
    .command('save')
    .helpGroup('Talk:')
    .summary('write the file of a message to disk')
    .description('Writes the file that somebody has sent to disk, under the name that it came with or another one.')
    .argument('<group>', 'its name, or at least 4 characters of its id')
    .argument('<message>', 'at least 4 characters of its id, as history shows it')
    .argument('[file]', 'where to; in this folder under its own name if not given')
    .option('--force', 'overwrite the file that you name')
    .addHelpText(
      'after',
      examples(
        ['cliquet save Holidays x7Qf', 'here, under its own name'],
        ['cliquet save Holidays x7Qf /tmp/map.png', 'elsewhere'],
      ),
    )
    .action((group: string, message: string, file: string | undefined, options: { force?: boolean }) =>
      run((context) => save(context, group, message, file, options.force ?? false)),
    );
}

async function save(
  context: Context,
  wanted: string,
  message: string,
  file: string | undefined,
  force: boolean,
): Promise<void> {
  if (force && file === undefined)
    throw usage(text`Name the file that --force overwrites: its sender chose its own name.`);
  const client = await openClient(context);
  const { content, id } = await findMessage(client, findGroup(client, wanted), message);
  if (content === null) throw new Failure(text`This message was deleted by its author; there is nothing to save.`);
  if (content.type !== 'bytes') throw new Failure(text`This message is no file, so there is nothing to save.`);
  const path = file ?? fileNameOf(content.name, content.mediaType, id);
  await writeNamed(path, [content.data], { force });
  await context.terminal.print(text`${formatSize(content.data.length)} written to ${path}`);
}
