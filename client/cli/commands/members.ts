// group add|remove|promote|demote|rename|leave: who is in a group, and as what.

import type { Command } from 'commander';
import type { Client, Group, Member } from '../../index.ts';
import { confirm } from '../confirm.ts';
import { type Context, examples, type Run } from '../context.ts';
import { type DeliveryOptions, delivered, findFreshGroup, withDelivery } from '../delivery.ts';
import { type Safe, text } from '../escape.ts';
import { Failure, hasCode, usage } from '../failure.ts';
import { findInvites, findMember, groupName, peopleNames, personName, shortId } from '../names.ts';
import { openClient } from '../session.ts';

export const groupArgument = ['<group>', 'its name, or at least 4 characters of its id'] as const;
export const whoArgument = ['<who>', 'a member by name, or at least 4 characters of the id'] as const;
const noWait = 'do not wait until the others are told';
const maxMembers = 256;

export function declareMembers(group: Command, run: Run): void {
  withDelivery(group.command('add'), noWait)
    .description(
      'Adds contacts to a group. They read what is said from then on, and nothing from before. Who does not know you, or was in it before, is asked first. Admins may.',
    )
    .argument(...groupArgument)
    .argument('<who...>', 'contacts by name or id, or invites')
    .addHelpText(
      'after',
      examples(
        ['cliquet group add Holidays Dave Erin', 'two contacts'],
        ["cliquet group add Holidays 'cliquet:…'", 'somebody by invite'],
      ),
    )
    .action((name: string, who: string[], options: DeliveryOptions) =>
      run((context) => add(context, name, who, options)),
    );

  withDelivery(group.command('remove'), noWait)
    .description(
      'Removes a member: nothing that is said from then on is for them. Admins may, but nobody who came before them.',
    )
    .argument(...groupArgument)
    .argument(...whoArgument)
    .addHelpText('after', examples(['cliquet group remove Holidays Dave', 'he is out']))
    .action((name: string, who: string, options: DeliveryOptions) =>
      run((context) => remove(context, name, who, options)),
    );

  withDelivery(group.command('promote'), noWait)
    .description('Makes a member an admin, who may add and remove others. Admins may.')
    .argument(...groupArgument)
    .argument(...whoArgument)
    .addHelpText('after', examples(['cliquet group promote Holidays Bob', 'he is an admin']))
    .action((name: string, who: string, options: DeliveryOptions) =>
      run((context) => promote(context, name, who, options)),
    );

  withDelivery(group.command('demote'), noWait)
    .description('Makes an admin an ordinary member. Admins may, but nobody who came before them.')
    .argument(...groupArgument)
    .argument('<who>', 'a member by name, or at least 4 characters of the id; you yourself are: you')
    .addHelpText(
      'after',
      examples(['cliquet group demote Holidays Bob', 'Bob'], ['cliquet group demote Holidays you', 'step down']),
    )
    .action((name: string, who: string, options: DeliveryOptions) =>
      run((context) => demote(context, name, who, options)),
    );

  withDelivery(group.command('rename'), noWait)
    .description('Gives a group another name, for everybody in it.')
    .argument(...groupArgument)
    .argument('<name>', 'the new name; its members see it')
    .addHelpText('after', examples(["cliquet group rename Holidays 'Winter holidays'", 'for everybody']))
    .action((group: string, name: string, options: DeliveryOptions) =>
      run((context) => rename(context, group, name, options)),
    );

  withDelivery(group.command('leave'), noWait)
    .description(
      'Leaves a group. What was said stays here; nothing more is read or said. If you are the last admin, whoever came first becomes one. A group whose keys are lost is left on this device only: the others cannot be told.',
    )
    .argument(...groupArgument)
    .option('--yes', 'do not ask')
    .addHelpText('after', examples(['cliquet group leave Holidays', 'asks before it does so']))
    .action((name: string, options: LeaveOptions) => run((context) => leave(context, name, options)));
}

interface LeaveOptions extends DeliveryOptions {
  readonly yes?: boolean;
}

/** @throws Failure for a name that no group can have */
export function assertGroupName(name: string): void {
  if (name.trim() === '') throw usage(text`A group needs a name; its members see it.`);
  if (name.length > 128) throw usage(text`A group's name has at most 128 characters.`);
}

async function open(
  context: Context,
  wanted: string,
  { wait }: DeliveryOptions,
): Promise<{ client: Client; group: Group }> {
  const client = await openClient(context, { connect: true });
  return { client, group: await findFreshGroup(context, client, wanted, wait) };
}

async function add(context: Context, wanted: string, who: readonly string[], options: DeliveryOptions): Promise<void> {
  const { client, group } = await open(context, wanted, options);
  const invites = new Set(findInvites(client, who).map((invite) => invite.slice(invite.indexOf('cliquet:')).trim()));
  const before = new Set(group.members.map(({ hrid }) => hrid));
  await change(context, client, group, null, text`Adding them …`, () => group.add([...invites])).catch(
    (error: unknown) => {
      if (!hasCode(error, 'group-size')) throw error;
      throw new Failure(
        text`A group has at most ${maxMembers} members, and ${groupName(group)} has ${before.size}; found another one.`,
      );
    },
  );
  await delivered(context, client, options, null);
  const added = group.members.filter(({ hrid }) => !before.has(hrid)).map(({ hrid }) => hrid);
  const [is, read] = added.length === 1 ? ['is', 'reads'] : ['are', 'read'];
  await context.terminal.print(
    added.length === 0
      ? text`All of them were in ${groupName(group)} already.`
      : text`${peopleNames(client, added)} ${is} in ${groupName(group)} now, and ${read} what is said from now on.`,
  );
}

async function remove(context: Context, wanted: string, who: string, options: DeliveryOptions): Promise<void> {
  const { client, group } = await open(context, wanted, options);
  const member = findMember(client, group, who);
  if (member.isSelf) throw new Failure(text`That is you; to leave, type: cliquet group leave ${group.id.slice(0, 6)}`);
  await change(context, client, group, member, text`Removing them …`, () => group.remove(member.hrid));
  await delivered(context, client, options, null);
  await context.terminal.print(
    text`${personName(client, member.hrid)} is not in ${groupName(group)} any more, and reads nothing that is said from now on by whoever has heard of it.`,
  );
}

async function promote(context: Context, wanted: string, who: string, options: DeliveryOptions): Promise<void> {
  const { client, group } = await open(context, wanted, options);
  const { hrid } = findMember(client, group, who);
  await change(context, client, group, null, text`Telling the others …`, () => group.promote(hrid));
  await delivered(context, client, options, null);
  await context.terminal.print(text`${isNow(client, hrid)} an admin of ${groupName(group)} now.`);
}

async function demote(context: Context, wanted: string, who: string, options: DeliveryOptions): Promise<void> {
  const { client, group } = await open(context, wanted, options);
  const member = findMember(client, group, who);
  const isOnly = group.members.every(({ role, hrid }) => role !== 'admin' || hrid === member.hrid);
  if (member.isSelf && member.role === 'admin' && isOnly) {
    throw new Failure(
      text`You are the only admin of ${groupName(group)}; first make somebody else one, with: cliquet group promote ${group.id.slice(0, 6)} WHO`,
    );
  }
  await change(context, client, group, member, text`Telling the others …`, () => group.demote(member.hrid));
  await delivered(context, client, options, null);
  await context.terminal.print(text`${isNow(client, member.hrid)} an ordinary member of ${groupName(group)} now.`);
}

async function rename(context: Context, wanted: string, name: string, options: DeliveryOptions): Promise<void> {
  assertGroupName(name);
  const { client, group } = await open(context, wanted, options);
  await change(context, client, group, null, text`Telling the others …`, () => group.rename(name));
  await delivered(context, client, options, null);
  await context.terminal.print(text`The group ${shortId(group.id)} is called ${groupName(group)} now.`);
}

async function leave(context: Context, wanted: string, options: LeaveOptions): Promise<void> {
  const { client, group } = await open(context, wanted, options);
  const [name, id] = [groupName(group), group.id.slice(0, 6)];
  if (group.status === 'invited')
    throw new Failure(text`You have not joined ${name}; to stay out, type: cliquet group decline ${id}`);
  const stays = text`What was said stays readable; type: cliquet history ${id}`;
  if (group.status === 'lost') {
    const alone = text`The others cannot be told, as the keys of ${name} are not on this device: for them you stay in it until an admin removes you.`;
    if (!options.yes)
      await confirm(
        context,
        text`This device asks no more to be let into ${name}, and reads nothing of it. ${alone}`,
        'leave',
      );
    await group.leave();
    return context.terminal.print(text`You have left ${name}, on this device. ${alone} ${stays}`);
  }
  const others = group.members.filter(({ isSelf }) => !isSelf);
  const [first] = others;
  const heir = others.some(({ role }) => role === 'admin') ? undefined : first;
  const whose = heir === undefined ? text`` : text` ${personName(client, heir.hrid)} becomes its admin.`;
  if (!options.yes)
    await confirm(context, text`You will not read or say anything in ${name} any more.${whose}`, 'leave');
  await change(context, client, group, null, text`Leaving …`, () => group.leave());
  await delivered(context, client, options, null);
  await context.terminal.print(text`You have left ${name}. ${stays}`);
}

const isNow = (client: Client, hrid: string): Safe =>
  hrid === client.hrid ? text`You are` : text`${personName(client, hrid)} is`;

/**
 * Changes a group, and says who could if this person may not.
 * @param target  whom only those may touch who came before; null if every admin may
 */
async function change(
  { terminal }: Context,
  client: Client,
  group: Group,
  target: Member | null,
  progress: Safe,
  run: () => Promise<void>,
): Promise<void> {
  terminal.progress(progress);
  try {
    await run();
  } catch (error) {
    throw hasCode(error, 'not-permitted') ? notPermitted(client, group, target) : error;
  }
}

function notPermitted(client: Client, group: Group, target: Member | null): Failure {
  const { members } = group;
  const end = target === null ? members.length : members.findIndex(({ hrid }) => hrid === target.hrid);
  const admins = members.slice(0, end).filter(({ role }) => role === 'admin');
  const could = peopleNames(
    client,
    admins.map(({ hrid }) => hrid),
    'or',
  );
  if (target === null) {
    return new Failure(
      admins.length > 0
        ? text`Only an admin of ${groupName(group)} may do that; ask ${could}.`
        : text`Only an admin may do that, and ${groupName(group)} has none; found a new group, with: cliquet group create`,
    );
  }
  const whom = personName(client, target.hrid);
  return new Failure(
    admins.length > 0
      ? text`Only an admin of ${groupName(group)} who came before ${whom} may do that; ask ${could}.`
      : text`Nobody but ${whom} may do that: no admin of ${groupName(group)} came before.`,
  );
}
