// group list|show|create|accept|decline, and its settings: timer, history. Who is in it: members.ts.

import type { Command } from 'commander';
import type { Client, Group } from '../../index.ts';
import { afterwards, askWords } from '../change-line.ts';
import { type Context, examples, type Run } from '../context.ts';
import { assertCompany, type DeliveryOptions, delivered, findNewGroup, waitWords, withDelivery } from '../delivery.ts';
import { bold, cyan, dim, green, join, type Safe, text, yellow } from '../escape.ts';
import { usage } from '../failure.ts';
import { groupLine, heldUpWords } from '../group-line.ts';
import { findGroup, findInvites, groupName, peopleNames, personName, shortId } from '../names.ts';
import { formatPolicy, parsePolicy } from '../policy.ts';
import { openClient } from '../session.ts';
import { formatDuration, parseDuration } from '../time.ts';
import { assertGroupName, declareMembers, groupArgument } from './members.ts';
import { declareReadmit } from './readmit.ts';

/** Messages disappear after a year at most. */
const maxTimerSeconds = 366 * 24 * 3600;

export function declareGroup(program: Command, run: Run): void {
  const group = program
    .command('group')
    .helpGroup('People:')
    .summary('your groups: list, create, members, settings')
    .description('Your groups.')
    .addHelpText(
      'after',
      examples(
        ['cliquet group', 'list them'],
        ['cliquet group create Holidays Bob Carol', 'found one'],
        ['cliquet group add Holidays Dave', 'let somebody in'],
        ['cliquet group accept x7Qf', 'answer an invitation'],
      ),
    );

  group
    .command('list', { isDefault: true })
    .description('Lists your groups: the beginning of the id, how it stands, how many are in it, and its name.')
    .option('--json', 'one JSON object a line')
    .addHelpText('after', examples(['cliquet group', 'for people'], ['cliquet group list --json', 'for programs']))
    .action((options: { json?: boolean }) => run((context) => list(context, options.json ?? false)));

  group
    .command('show')
    .description('Shows who is in a group, and its settings.')
    .argument(...groupArgument)
    .option('--json', 'as a JSON object')
    .addHelpText('after', examples(['cliquet group show Holidays', 'members and settings']))
    .action((name: string, options: { json?: boolean }) =>
      run((context) => show(context, name, options.json ?? false)),
    );

  withDelivery(group.command('create'), 'do not wait until the others are told')
    .description('Founds a group with contacts. They are told at once, or when they connect.')
    .argument('<name>', 'what the group is called; its members see it')
    .argument('<who...>', 'contacts by name or id, or invites')
    .option('--history <rule>', 'how long its messages are kept here: all, none, or so many days')
    .addHelpText(
      'after',
      examples(
        ['cliquet group create Holidays Bob Carol', 'with two contacts'],
        ["cliquet group create Holidays Bob 'cliquet:…'", 'and somebody by invite'],
      ),
    )
    .action((name: string, who: string[], options: CreateOptions) =>
      run((context) => create(context, name, who, options)),
    );

  group
    .command('accept')
    .description(
      'Accepts an invitation of somebody who is not among your contacts. What was said meanwhile is told by listen.',
    )
    .argument(...groupArgument)
    .addHelpText('after', examples(['cliquet group accept x7Qf', 'join']))
    .action((name: string) => run((context) => accept(context, name)));

  group
    .command('decline')
    .description('Declines an invitation: nothing is sent, and nothing of the group is kept.')
    .argument(...groupArgument)
    .addHelpText('after', examples(['cliquet group decline x7Qf', 'stay out']))
    .action((name: string) => run((context) => decline(context, name)));

  declareMembers(group, run);
  declareReadmit(group, run);

  withDelivery(group.command('timer'))
    .description('Shows or sets after how long messages disappear, for everybody in the group.')
    .argument(...groupArgument)
    .argument('[duration]', '30s, 5m, 1h, 7d, 4w, or off')
    .addHelpText(
      'after',
      examples(
        ['cliquet group timer Holidays', 'show it'],
        ['cliquet group timer Holidays 7d', 'set it'],
        ['cliquet group timer Holidays off', 'let messages stay'],
      ),
    )
    .action((name: string, duration: string | undefined, options: DeliveryOptions) =>
      run((context) => timer(context, name, duration, options)),
    );

  group
    .command('history')
    .description('Shows or sets how long messages of a group are kept on this device. What is older goes at once.')
    .argument(...groupArgument)
    .argument('[rule]', 'all, none, or so many days')
    .addHelpText(
      'after',
      examples(['cliquet group history Holidays', 'show it'], ['cliquet group history Holidays 30', 'keep 30 days']),
    )
    .action((name: string, rule: string | undefined) => run((context) => history(context, name, rule)));
}

interface CreateOptions extends DeliveryOptions {
  readonly history?: string;
}

async function list(context: Context, json: boolean): Promise<void> {
  const client = await openClient(context);
  for (const group of client.groups) {
    if (json) await context.terminal.printJson(groupJson(group));
    else await context.terminal.print(groupLine(group));
  }
  const heldUp = json ? [] : client.groups.filter(({ heldUpSince }) => heldUpSince !== null);
  for (const { id } of heldUp)
    await context.terminal.note(
      text`What holds up ${id.slice(0, 6)}, and since when: cliquet group show ${id.slice(0, 6)}`,
    );
  if (client.groups.length === 0 && !json)
    await context.terminal.note(text`No groups yet; type: cliquet group create NAME CONTACT…`);
}

function groupJson(group: Group): object {
  const { id, name, status, heldUpSince, members, requests, isVerified, timerSeconds, historyPolicy: history } = group;
  return { id, name, status, heldUpSince, members, requests, isVerified, timerSeconds, history };
}

async function show(context: Context, wanted: string, json: boolean): Promise<void> {
  const { terminal } = context;
  const client = await openClient(context);
  const group = findGroup(client, wanted);
  if (json) return terminal.printJson(groupJson(group));
  const { timerSeconds, status, heldUpSince } = group;
  const isEnded = status === 'removed' || status === 'left';
  // A hostile name must not end up in a shell: the id does.
  const short = group.id.slice(0, 6);
  await terminal.print(text`${bold(groupName(group))}  ${dim(group.id)}\n`);
  for (const member of group.members) await terminal.print(memberLine(client, member));
  const settings = [
    timerSeconds === null
      ? text`Messages do not disappear.`
      : text`Messages disappear after ${formatDuration(timerSeconds)}.`,
    text`They are ${formatPolicy(group.historyPolicy)}.`,
    group.isVerified
      ? green('All members are verified.')
      : text`Not all members are verified; type: cliquet verify ${short}`,
  ];
  const notes = [
    ...(isEnded ? [] : settings),
    ...(status === 'invited' ? [yellow(text`You are invited; type: cliquet group accept ${short}, or decline`)] : []),
    ...(status === 'lost' ? [yellow(lostWords(group))] : []),
    ...(heldUpSince === null ? [] : [heldUpWords(heldUpSince)]),
    ...(group.readmitting.length === 0
      ? []
      : [text`${peopleNames(client, group.readmitting)} will be let in again, as you have agreed.`]),
    ...(status === 'active' ? group.requests.map((member) => askWords(client, group, { member })) : []),
    ...(status === 'removed' ? [yellow('You were removed; these were in it then.')] : []),
    ...(status === 'left' ? [text`You have left; these were in it then.`] : []),
    ...(isEnded ? [afterwards(client, group)] : []),
  ];
  await terminal.print(text`\n${join(notes)}`);
}

const lostWords = ({ members }: Group) =>
  members.some(({ isSelf }) => isSelf)
    ? text`Its keys are not on this device: it asks the members to let you in again. Tell one of them on another way that it is you.`
    : text`You were in it under another address; ask one of its admins to add you.`;

function memberLine(client: Client, { hrid, role, isVerified, isSelf }: Group['members'][number]): Safe {
  const mark = isVerified && !isSelf ? green('verified') : text`        `;
  return text`  ${dim(hrid.slice(0, 8))}  ${mark}  ${role === 'admin' ? cyan('admin ') : role}  ${personName(client, hrid)}`;
}

async function create(context: Context, name: string, who: readonly string[], options: CreateOptions): Promise<void> {
  assertGroupName(name);
  const history = options.history === undefined ? {} : { history: parsePolicy(options.history) };
  const client = await openClient(context, { connect: true });
  const invites = findInvites(client, who);
  context.terminal.progress(text`Founding the group …`);
  const group = await client.createGroup(invites, { name, ...history });
  await delivered(context, client, options, null);
  const others = group.members.length - 1;
  await context.terminal.print(
    text`You have founded ${groupName(group)} (${shortId(group.id)}), with ${others} other${others === 1 ? '' : 's'}.`,
  );
  await context.terminal.note(text`Next:  cliquet send ${group.id.slice(0, 6)} hello`);
}

async function accept(context: Context, wanted: string): Promise<void> {
  const group = findGroup(await openClient(context), wanted);
  await group.accept();
  await context.terminal.print(text`You are in ${groupName(group)} now. What was said meanwhile:  cliquet listen`);
}

async function decline(context: Context, wanted: string): Promise<void> {
  const group = findGroup(await openClient(context), wanted);
  const name = groupName(group);
  await group.decline();
  await context.terminal.print(text`You have declined ${name}; nothing of it is kept.`);
}

async function timer(
  context: Context,
  wanted: string,
  duration: string | undefined,
  options: DeliveryOptions,
): Promise<void> {
  const seconds = duration === undefined || duration === 'off' ? null : parseDuration(duration);
  if (seconds !== null && seconds > maxTimerSeconds)
    throw usage(text`Messages stay for a year at most; write 52w or less, or off.`);
  const client = await openClient(context, { connect: duration !== undefined && options.wait });
  const group = await findNewGroup(context, client, wanted, duration !== undefined && options.wait);
  if (duration !== undefined) {
    assertCompany(group);
    await group.setTimer(seconds);
    await delivered(context, client, options, null);
    const waits = waitWords(group, options.wait);
    if (waits !== null) {
      const what = seconds === null ? text`stay` : text`disappear after ${formatDuration(seconds)}`;
      return context.terminal.print(text`Messages in ${groupName(group)} are to ${what}; ${waits}`);
    }
  }
  const now = group.timerSeconds;
  await context.terminal.print(
    now === null
      ? text`Messages in ${groupName(group)} stay.`
      : text`Messages in ${groupName(group)} disappear after ${formatDuration(now)}.`,
  );
}

async function history(context: Context, wanted: string, rule: string | undefined): Promise<void> {
  const policy = rule === undefined ? null : parsePolicy(rule);
  const group = findGroup(await openClient(context), wanted);
  if (policy !== null) await group.setHistory(policy);
  await context.terminal.print(text`Messages of ${groupName(group)} are ${formatPolicy(group.historyPolicy)}.`);
}
