// group readmit: lets a member in again who has lost their device.

import type { Command } from 'commander';
import { confirm } from '../confirm.ts';
import { type Context, examples, type Run } from '../context.ts';
import { type DeliveryOptions, delivered, findFreshGroup, withDelivery } from '../delivery.ts';
import { text } from '../escape.ts';
import { Failure, hasCode } from '../failure.ts';
import { findMember, groupName, personName } from '../names.ts';
import { openClient } from '../session.ts';
import { groupArgument, whoArgument } from './members.ts';

interface ReadmitOptions extends DeliveryOptions {
  readonly yes?: boolean;
}

export function declareReadmit(group: Command, run: Run): void {
  withDelivery(group.command('readmit'))
    .description(
      'Lets a member in again who has lost their device, and asks for it. Whoever has their recovery phrase could be the one who asks, so ask them on another way first. They read what is said from then on. Every member may.',
    )
    .argument(...groupArgument)
    .argument(...whoArgument)
    .option('--yes', 'do not ask')
    .addHelpText('after', examples(['cliquet group readmit Holidays Bob', 'asks before it does so']))
    .action((name: string, who: string, options: ReadmitOptions) =>
      run((context) => readmit(context, name, who, options)),
    );
}

async function readmit(context: Context, wanted: string, who: string, options: ReadmitOptions): Promise<void> {
  const client = await openClient(context, { connect: options.wait });
  const group = await findFreshGroup(context, client, wanted, options.wait);
  const { hrid, isSelf } = findMember(client, group, who);
  const [name, id] = [personName(client, hrid), group.id.slice(0, 6)];
  if (isSelf) throw new Failure(text`That is you; another member has to let you in.`);
  const asksNot = new Failure(
    text`${name} does not ask to be let in again, or has been let in; see who asks, with: cliquet group show ${id}`,
  );
  if (!group.requests.includes(hrid)) throw asksNot;
  if (!options.yes)
    await confirm(
      context,
      text`Whoever has the recovery phrase of ${name} could be the one who asks, and would read what is said in ${groupName(group)} from now on: go on only if ${name} has told you on another way.`,
      'let them in',
    );
  try {
    await group.readmit(hrid);
  } catch (error) {
    // Another member was faster.
    throw hasCode(error, 'member-unknown') ? asksNot : error;
  }
  await delivered(context, client, options, null);
  const read = text`they read what is said from then on`;
  const isDone = !group.readmitting.includes(hrid);
  await context.terminal.print(
    isDone
      ? text`You have let ${name} into ${groupName(group)} again; they read what is said from now on.`
      : options.wait
        ? text`${name} will be let into ${groupName(group)} again by itself, when this device can; stay connected, with: cliquet listen. Then ${read}.`
        : text`${name} will be let into ${groupName(group)} again with the next command that connects; ${read}.`,
  );
}
