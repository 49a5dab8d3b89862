// Registration (diagram 1): how it begins, and what it changes in the store.

import { declineInvitation } from './courier/invitations.ts';
import { abandonOutgoing, startOver } from './courier/outbox.ts';
import { deriveHrid, hashVaultId, type Identity } from './protocol/identity.ts';
import { forgetGroup } from './state/lineages.ts';
import { loadRatchet } from './state/ratchets.ts';
import { tables } from './state/records.ts';
import type { Transaction } from './state/state.ts';
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

/**
 * The relay knows this client now. A new mailbox counts from 1; and under another HRID than theirs, the groups that
 * there are cannot be reached: they are lost, and invitations, which nobody can accept any more, declined.
 */
export async function noteRegistration(tx: Transaction, hrid: Bytes, epoch: Bytes): Promise<void> {
  const record = tx.get(tables.identity, '');
  const numbers = tx.get(tables.numbers, '');
  if (record === undefined || numbers === undefined) throw new CliquetError('client-closed');
  tx.put(tables.identity, '', { ...record, hrid });
  for (const { key, value: group } of tx.all(tables.groups)) {
    const ratchet = loadRatchet(tx, group.generation);
    const own = ratchet?.members[ratchet.self];
    if (own === undefined || sameBytes(own.hrid, hrid)) continue;
    if (group.status === 'invited') {
      await declineInvitation(tx, group);
      continue;
    }
    tx.put(tables.groups, key, { ...group, status: 'lost', pending: false });
    forgetGroup(tx, group.id);
    await abandonOutgoing(tx, group.id, 'group-lost');
  }
  if (numbers.cursor !== null && sameBytes(numbers.cursor.epoch, epoch)) return;
  tx.put(tables.numbers, '', { ...(tx.get(tables.numbers, '') ?? numbers), cursor: { epoch, seq: 0 } });
  startOver(tx);
}

/** The relay has forgotten this client, and dropped its key packages. */
export function noteDeregistration(tx: Transaction): void {
  const record = tx.get(tables.identity, '');
  if (record) tx.put(tables.identity, '', { ...record, hrid: null });
  for (const { key } of tx.all(tables.keyPackages)) tx.delete(tables.keyPackages, key);
  tx.delete(tables.packagesEnd, '');
}
