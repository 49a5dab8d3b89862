// Waiting until the relay has what was just sent. Whatever comes of that, it is stored and goes out some time.

import type { Command } from 'commander';
import type { Client, HistoryEntry } from '../index.ts';
import type { Context } from './context.ts';
import { text } from './escape.ts';
import { Failure, isCliquetError, sentenceOf, usage } from './failure.ts';
import { settle } from './session.ts';

export interface DeliveryOptions {
  readonly wait: boolean;
  readonly timeout: number;
}

const defaultSeconds = 30;

/** The options of every command that sends. */
export function withDelivery(command: Command): Command {
  return command
    .option('--no-wait', 'do not connect; it goes out with the next command that does')
    .option('--timeout <seconds>', 'how long to wait for a relay that cannot be reached', parseSeconds, defaultSeconds);
}

function parseSeconds(value: string): number {
  if (!/^\d{1,5}$/.test(value)) throw usage(text`'${value}' is no number of seconds.`);
  return Number(value);
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
    if (!isCliquetError(error) || (!error.retry && error.code !== 'not-registered')) throw error;
    throw new Failure(
      text`Not sent yet: it is kept and goes out with the next command that connects, so do not send it again. ${sentenceOf(error)}`,
    );
  }
  const entry = await message?.();
  if (entry?.state === 'failed')
    throw new Failure(text`It was not sent, and will not be; see 'cliquet listen' for the reason.`);
}
