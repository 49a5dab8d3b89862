// How a code is sent: by the first channel of the deployment for this kind of address, and by the next one where that fails.
// Each has its time. Text messages go only where configuration allows, and only so many a day.

import type { Address } from '../../client/wire/address.ts';
import type { Bytes } from '../../client/wire/bytes.ts';
import type { Count } from '../counters.ts';
import { Refusal } from '../errors.ts';
import { maxSendMs, sendTimeoutMs } from '../limits.ts';
import { log } from '../log.ts';
import { type Channel, DeliveryError, type Message } from './channel.ts';
import { cloudflareChannel } from './channels/cloudflare.ts';
import { postmarkChannel } from './channels/postmark.ts';
import { resendChannel } from './channels/resend.ts';
import { smtpChannel } from './channels/smtp.ts';
import { twilioChannel } from './channels/twilio.ts';
import type { ChannelSettings, TextLimits } from './configuration.ts';
import type { Inbox } from './inbox.ts';

export interface DeliverySurroundings {
  readonly channels: readonly Channel[];
  /** Null where text messages are not counted. */
  readonly texts: TextLimits | null;
  /**
   * Counts one more text message of the whole deployment to this prefix, asked for by this network.
   * @throws Refusal if the day's are sent
   */
  readonly countText: (prefix: string, network: Bytes) => Promise<void>;
  readonly count: Count;
}

export class Delivery {
  readonly #surroundings: DeliverySurroundings;

  constructor(surroundings: DeliverySurroundings) {
    this.#surroundings = surroundings;
  }

  /** The kinds of addresses that codes go to. */
  get kinds(): Address['kind'][] {
    return [...new Set(this.#surroundings.channels.map(({ kind }) => kind))];
  }

  /** @throws Refusal `channel-unavailable` if no code goes to such an address, whoever asks */
  async check(address: Address): Promise<void> {
    const isServed = this.kinds.includes(address.kind) && this.#prefixOf(address) !== undefined;
    if (!isServed || !isPlain(address)) throw new Refusal('channel-unavailable');
  }

  /**
   * @param network  a keyed hash of the network that asks
   * @throws Refusal `challenge-undeliverable`
   */
  async send(address: Address, message: Message, network: Bytes): Promise<void> {
    const { channels, count, countText } = this.#surroundings;
    await this.check(address);
    const prefix = this.#prefixOf(address) ?? null;
    if (prefix !== null) await countText(prefix, network);
    const deadline = Date.now() + maxSendMs;
    for (const channel of channels.filter(({ kind }) => kind === address.kind)) {
      const remainingMs = Math.min(sendTimeoutMs, deadline - Date.now());
      if (remainingMs <= 0) break;
      try {
        await inTime(remainingMs, (signal) => channel.send(address, message, signal));
        return count('challenge-sent', channel.name);
      } catch (error) {
        const { problem, status } = error instanceof DeliveryError ? error : { problem: 'failed', status: undefined };
        log('challenge-failed', { channel: channel.name, error: problem, ...(status === undefined ? {} : { status }) });
        count('challenge-failed', channel.name);
      }
    }
    throw new Refusal('challenge-undeliverable');
  }

  /** The allowed prefix of a number, the longest; null where nothing is counted, undefined where nothing is allowed. */
  #prefixOf({ kind, uid }: Address): string | null | undefined {
    const { texts } = this.#surroundings;
    if (kind !== 'phone' || texts === null) return null;
    const allowed = texts.prefixes.filter((prefix) => uid.startsWith(prefix));
    return allowed.sort((a, b) => b.length - a.length)[0];
  }
}

export function createChannel(settings: ChannelSettings, inbox: Inbox): Channel {
  switch (settings.name) {
    case 'smtp':
      return smtpChannel(settings.from, settings.settings);
    case 'resend':
      return resendChannel(settings.from, settings.settings);
    case 'postmark':
      return postmarkChannel(settings.from, settings.settings);
    case 'cloudflare':
      return cloudflareChannel(settings.from, settings.binding);
    case 'twilio':
      return twilioChannel(settings.settings);
    case 'inbox':
      return inbox.channel(settings.kind);
  }
}

/**
 * The normal form has no space, quote, comma, bracket or control. Some servers also decode `=?…?=` in an address (RFC 2047)
 * into whatever it says, or fold signs of full width (NFKC): such a one could become another address on its way, or two.
 */
function isPlain({ uid }: Address): boolean {
  const folded = uid.normalize('NFKC');
  return !folded.includes('=?') && !/[\s\p{Cc}"(),:;<>[\\\]]|@.*@/u.test(folded);
}

/** @throws DeliveryError `too-slow` after so long, also if the work does not end by itself then */
async function inTime(timeoutMs: number, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController();
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    controller.abort();
    late.reject(new DeliveryError('too-slow'));
  }, timeoutMs);
  try {
    await Promise.race([work(controller.signal), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
