// Registration (diagram 1), as far as the person and the relay take part. What it changes here: courier/registration.ts.

import { deriveHrid, hashVaultId, type Identity } from './protocol/identity.ts';
import type { Credentials, Relay } from './transport/relay.ts';
import { parseAddress } from './wire/address.ts';
import { type Bytes, sameBytes } from './wire/bytes.ts';
import { CliquetError } from './wire/errors.ts';

/**
 * Asks the person for the code that was sent: digits, white space around them does not matter. `attempt` counts from 1; null gives up.
 * @category Clients
 */
export type AskForCode = (attempt: number) => Promise<string | null> | string | null;

/**
 * How a client registers.
 * @category Clients
 */
export interface RegistrationOptions {
  /** In which language the code is sent: a BCP 47 tag, of which the relay learns the language alone; the platform's if not said. */
  readonly language?: string;
}

const platformLanguage = () => new Intl.DateTimeFormat().resolvedOptions().locale;
/** The language alone: where its person is does not matter to the relay. */
const primaryOf = (tag: string) => tag.split('-', 1)[0] ?? '';

/**
 * Registers an identity under an address.
 * @returns its HRID and the epoch of its queue
 * @throws CliquetError `address-invalid`, `registration-cancelled`, and what the relay refuses
 */
export async function register(
  relay: Relay,
  identity: Identity,
  sign: Credentials['sign'],
  address: string,
  ask: AskForCode,
  { language = platformLanguage() }: RegistrationOptions = {},
): Promise<{ hrid: Bytes; epoch: Bytes }> {
  const { uid } = parseAddress(address);
  const hashVid = hashVaultId(identity.vid);
  const hrid = deriveHrid(uid, identity.pk, hashVid);
  const { challenge, hrids } = await relay.requestRegistration(
    uid,
    [{ pk: identity.pk, hashVid }],
    primaryOf(language),
  );
  if (hrids.length !== 1 || !hrids.every((answered) => sameBytes(answered, hrid))) {
    throw new CliquetError('relay-misbehaved', 'another HRID');
  }
  for (let attempt = 1; ; attempt++) {
    const answer = await ask(attempt);
    if (answer === null) throw new CliquetError('registration-cancelled');
    try {
      const { epoch } = await relay.answerRegistration({ hrid, sign }, challenge, answer.trim());
      return { hrid, epoch };
    } catch (error) {
      if (!(error instanceof CliquetError) || error.code !== 'challenge-wrong') throw error;
    }
  }
}
