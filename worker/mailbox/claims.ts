// A claim of key packages at the mailboxes of several clients.

import { type Bytes, bytesKey } from '../../client/wire/bytes.ts';
import { type KeyPackageClaim, type KeyPackageClaimResult, UploadedPackage } from '../../client/wire/key-package.ts';
import { inTime } from './call.ts';
import type { Absence } from './membership.ts';
import type { ClaimAnswer, Peers } from './peer.ts';

/** @throws if one of the mailboxes cannot be reached; the same claim again is answered alike by the others */
export async function claimOf(
  peers: Peers,
  claimer: Bytes,
  { id, hrids }: KeyPackageClaim,
  absent: ReadonlyMap<string, Absence>,
): Promise<KeyPackageClaimResult> {
  const answers = await Promise.all(
    hrids.map(async (hrid): Promise<ClaimAnswer> => {
      if (absent.get(bytesKey(hrid)) === 'unregistered') return { code: 'unregistered' };
      const peer = await peers.mailbox(hrid);
      return inTime(peer.claim(claimer, id));
    }),
  );
  const results = answers.map((answer) =>
    'package' in answer
      ? { package: UploadedPackage.decode(answer.package), code: null }
      : { package: null, code: answer.code },
  );
  return { results };
}
