// How a code reaches an address: the port to channels. What each of them keeps to is in test/worker/challenge/channels/contract.ts.

import type { Address } from '../../client/wire/address.ts';

export const channelNames = ['smtp', 'resend', 'postmark', 'cloudflare', 'twilio', 'inbox'] as const;
/** As configuration, log and counters call it. */
export type ChannelName = (typeof channelNames)[number];

/** What is told; letter.ts puts it into words. */
export interface Message {
  readonly code: string;
  readonly language: Language;
  /** The name under which the person's client asked for the code; null if it is not known. */
  readonly host: string | null;
  /** How long the code counts. */
  readonly minutes: number;
}

/** Those that there are letters in. */
export type Language = 'en' | 'fr';

export interface Channel {
  readonly name: ChannelName;
  readonly kind: Address['kind'];
  /**
   * Tries once to hand the code to somebody who passes it on.
   * @param address  of this kind; nothing in it could be taken for markup or another address (delivery.ts)
   * @param signal   nobody waits any more: let go of everything
   * @throws DeliveryError; anything else counts as one with `failed`
   */
  send(address: Address, message: Message, signal: AbortSignal): Promise<void>;
}

/**
 * `unauthorised`: the relay's own key or password was refused; `refused`: this letter was; `unreachable`: nobody is
 * there, the line broke, or the other side failed; `too-slow`: it did not answer in time.
 */
export type DeliveryProblem = 'unauthorised' | 'refused' | 'unreachable' | 'too-slow' | 'failed';

/** Says nothing of what the other side has answered, which may quote the address. */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError';
  readonly problem: DeliveryProblem;
  /** The status of an HTTP answer or SMTP reply, if there was one. */
  readonly status: number | undefined;

  constructor(problem: DeliveryProblem, status?: number) {
    super(status === undefined ? problem : `${problem} (${status})`);
    this.problem = problem;
    this.status = status;
  }
}

/**
 * Sends with the first of several keys, and with the next only where one is refused: so a key is changed without a
 * moment in which none is right.
 */
export async function withKeys(keys: readonly string[], send: (key: string) => Promise<void>): Promise<void> {
  for (const [i, key] of keys.entries()) {
    try {
      return await send(key);
    } catch (error) {
      const isUnauthorised = error instanceof DeliveryError && error.problem === 'unauthorised';
      if (!isUnauthorised || i === keys.length - 1) throw error;
    }
  }
}
