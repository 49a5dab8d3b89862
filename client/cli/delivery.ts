// Waiting until the relay has what was just sent. Whatever comes of that, it is stored and goes out some time.

import type { Command } from 'commander';
import type { Client, Group, HistoryEntry } from '../index.ts';
import type { Context } from './context.ts';
import { type Safe, text } from './escape.ts';
import { Failure, isCliquetError, sentenceOf, usage } from './failure.ts';
import { findGroup, groupName } from './names.ts';
import { NotTaken, settle } from './session.ts';

export interface DeliveryOptions {
  readonly wait: boolean;
  readonly timeout: number;
}

const defaultSeconds = 30;

const offline = 'do not connect; it goes out with the next command that does';

/** The options of every command that sends. @param noWait  what it does without waiting */
export function withDelivery(command: Command, noWait: string = offline): Command {
  return command
    .option('--no-wait', noWait)
    .option('--timeout <seconds>', 'how long to wait for a relay that cannot be reached', parseSeconds, defaultSeconds);
}

function parseSeconds(value: string): number {
  if (!/^\d{1,5}$/.test(value)) throw usage(text`'${value}' is no number of seconds; write one like 30.`);
  return Number(value);
}

/** Whoever is told of a new group does not wait longer than this for it. */
const groupSeconds = 5;

/**
 * A group, also one that was founded while this client was away.
 * @param wait  whether the client connects
 * @throws Failure unless exactly one is meant
 */
export async function findNewGroup(context: Context, client: Client, wanted: string, wait: boolean): Promise<Group> {
  try {
    return findGroup(client, wanted);
  } catch (error) {
    if (!wait || !client.isRegistered) throw error;
    await settle(context, client, groupSeconds).catch(() => undefined);
    return findGroup(client, wanted);
  }
}

/** A group with what the others have changed in it meanwhile, as far as the relay can be reached. */
export async function findFreshGroup(context: Context, client: Client, wanted: string, wait: boolean): Promise<Group> {
  // What cannot be reached now is told by what comes next.
  if (wait && client.isRegistered) await settle(context, client, groupSeconds).catch(() => undefined);
  return findGroup(client, wanted);
}

/**
 * When what was just sent to a group goes out.
 * @param waited  whether the relay was waited for
 * @returns null if it has gone out
 */
export function waitWords({ status, unsent }: Pick<Group, 'status' | 'unsent'>, waited: boolean): Safe | null {
  if (!waited) return text`it goes out with the next command that connects`;
  if (unsent === 0) return null;
  return status === 'lost'
    ? text`it goes out when a member has let you in again`
    : text`it goes out when the group's keys are in order here`;
}

/** @throws Failure if this person is the only one in a group, so that nobody would read what it says */
export function assertCompany(group: Pick<Group, 'id' | 'name' | 'status' | 'members'>): void {
  const { id, status, members } = group;
  if (status !== 'active' || members.length > 1) return;
  const next = members.some(({ role }) => role === 'admin')
    ? text`add somebody, with: cliquet group add ${id.slice(0, 6)} WHO`
    : text`found a new one, with: cliquet group create`;
  throw new Failure(text`You are alone in ${groupName(group)}: nobody would read it; ${next}`);
}

/**
 * @param message  looked at in the end, if there is one; null for what shows in no history
 * @throws Failure if the relay does not have it
 */
export async function delivered(
  context: Context,
  client: Client,
  { wait, timeout }: DeliveryOptions,
  message: (() => Promise<HistoryEntry | null>) | null,
): Promise<void> {
  if (!wait) return;
  try {
    await settle(context, client, timeout);
  } catch (error) {
    const isStore = isCliquetError(error) && error.code.startsWith('store-');
    if (isStore || !(isCliquetError(error) || error instanceof NotTaken)) throw error;
    throw new Failure(
      text`Not sent yet: it is kept and goes out with the next command that connects, so do not send it again. ${sentenceOf(error)}`,
    );
  }
  const entry = await message?.();
  if (entry?.state === 'failed')
    throw new Failure(text`It was not sent, and will not be; see 'cliquet listen' for the reason.`);
}
