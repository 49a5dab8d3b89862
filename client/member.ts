// Members of a group as the application sees them.

import { type GroupRecord, tables } from './state/records.ts';
import type { State } from './state/state.ts';
import { isVerified } from './state/verification.ts';
import { bytesKey } from './wire/bytes.ts';
import type { Role } from './wire/record.ts';

/**
 * A member of a group.
 * @category Groups
 */
export interface Member {
  /** The HRID: base64url of 32 bytes, 43 characters. */
  readonly hrid: string;
  /** What the person calls this contact, or ''. */
  readonly name: string;
  /** What the member may do. */
  readonly role: Role;
  /** Whether this is the client itself. */
  readonly isSelf: boolean;
  /** Whether the person has compared safety numbers in a group with this member. */
  readonly isVerified: boolean;
}

export function membersOf(state: State, { roster }: GroupRecord): Member[] {
  const self = state.get(tables.identity, '')?.hrid;
  return roster.map(({ hrid, pk, role }) => ({
    hrid: bytesKey(hrid),
    name: state.get(tables.contacts, bytesKey(hrid))?.name ?? '',
    role,
    isSelf: self !== null && self !== undefined && bytesKey(self) === bytesKey(hrid),
    isVerified: isVerified(state, hrid, pk),
  }));
}
