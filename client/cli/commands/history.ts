// history: what was said, searched, shown and exported.

import type { Command } from 'commander';
import type { Client, HistoryEntry } from '../../index.ts';
import { type Context, examples, type Run } from '../context.ts';
import { escapedJson, text } from '../escape.ts';
import { usage } from '../failure.ts';
import { messageLine } from '../message-line.ts';
import { writeNamed } from '../named-file.ts';
import { findGroup, groupName } from '../names.ts';
import { openClient } from '../session.ts';
import { parseMoment } from '../time.ts';

const defaultLimit = 50;
const progressEvery = 100;

interface HistoryOptions {
  readonly search?: string;
  readonly from?: string;
  readonly to?: string;
  readonly limit?: number;
  readonly json?: boolean;
  readonly export?: string;
  readonly force?: boolean;
}

export function declareHistory(program: Command, run: Run): void {
  program
    .command('history')
    .helpGroup('Talk:')
    .summary('show, search and export what was said')
    .description('Shows what was said, the newest last: when, the beginning of the id, who and what.')
    .argument('[group]', 'its name, or at least 4 characters of its id; all groups if not given')
    .option('--search <text>', 'only messages with this text in them, or in the name of their file')
    .option(
      '--from <date>',
      'only from then on: 2026-11-24, 2026-11-24T14:03, today, yesterday, or 7d for seven days ago',
    )
    .option('--to <date>', 'only up to then')
    .option('--limit <count>', `the newest so many; ${defaultLimit} if not given, 0 for all`, parseLimit)
    .option('--json', 'one JSON object a line')
    .option('--export <file>', 'write all of it into a new file, as a JSON array')
    .option('--force', 'overwrite that file')
    .addHelpText(
      'after',
      examples(
        ['cliquet history Holidays', `the newest ${defaultLimit} messages`],
        ['cliquet history --search train --from 30d', 'in all groups'],
        ['cliquet history Holidays --export holidays.json', 'everything, for programs'],
      ),
    )
    .action((group: string | undefined, options: HistoryOptions) => run((context) => history(context, group, options)));
}

function parseLimit(value: string): number {
  if (!/^\d{1,9}$/.test(value))
    throw usage(text`'${value}' is no number of messages; write one like 50, or 0 for all.`);
  return Number(value);
}

async function history(context: Context, wanted: string | undefined, options: HistoryOptions): Promise<void> {
  const now = Math.floor(Date.now() / 1000);
  const from = options.from === undefined ? {} : { from: parseMoment(options.from, 'start', now) };
  const to = options.to === undefined ? {} : { to: parseMoment(options.to, 'end', now) + 1 };
  const client = await openClient(context);
  const group = wanted === undefined ? null : findGroup(client, wanted);
  const limit = options.limit ?? (options.export === undefined ? defaultLimit : 0);
  const found = await collect(
    context,
    client.search({
      ...(group === null ? {} : { group: group.id }),
      ...(options.search === undefined ? {} : { text: options.search }),
      ...from,
      ...to,
    }),
    limit,
  );
  if (options.export !== undefined) return exportTo(context, client, options.export, found, options.force ?? false);
  const names = new Map(client.groups.map((each) => [each.id, groupName(each)]));
  for (const entry of found) {
    if (options.json) await context.terminal.printJson(entryJson(client, entry));
    else
      await context.terminal.print(
        messageLine(client, entry, group === null ? (names.get(entry.group) ?? null) : null),
      );
  }
  if (found.length === 0 && !options.json) await context.terminal.note(text`Nothing found.`);
}

/** The newest so many, the oldest of them first. */
async function collect(
  { terminal }: Context,
  entries: AsyncIterable<HistoryEntry>,
  limit: number,
): Promise<HistoryEntry[]> {
  const found: HistoryEntry[] = [];
  terminal.progress(text`Searching …`);
  for await (const entry of entries) {
    found.push(entry);
    if (found.length === limit) break;
    if (found.length % progressEvery === 0) terminal.progress(text`Searching … ${found.length} found`);
  }
  terminal.clear();
  return found.reverse();
}

function entryJson(client: Client, entry: HistoryEntry): object {
  const groupName = client.groups.find(({ id }) => id === entry.group)?.name ?? null;
  return { ...entry, groupName };
}

async function exportTo(
  { terminal }: Context,
  client: Client,
  path: string,
  found: readonly HistoryEntry[],
  force: boolean,
): Promise<void> {
  function* parts(): Generator<string> {
    for (const [i, entry] of found.entries()) {
      yield `${i === 0 ? '[' : ','}\n${escapedJson(entryJson(client, entry))}`;
      if (i % progressEvery === 0) terminal.progress(text`Writing … ${i} of ${found.length}`);
    }
    yield found.length === 0 ? '[]\n' : '\n]\n';
  }
  await writeNamed(path, parts(), { force });
  await terminal.print(
    text`${found.length} message${found.length === 1 ? '' : 's'} written to ${path}. They are readable there for everybody who can open it.`,
  );
}
