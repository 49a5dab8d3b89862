// An invite: what somebody needs to reach a client. Small enough for a QR code or the fragment of a link, so that no
// server sees it. It is not authenticated: whoever can change it can stand in the middle until the safety number is
// compared.
//
//   Invite  [1, relay origin, HRID 32, PK 32]           as text: "cliquet:" ‖ base64url

import { type Bytes, decodeBase64Url, encodeBase64Url } from './bytes.ts';
import { bytes, oneOf, struct, text, type ValueOf } from './codec.ts';
import { CliquetError } from './errors.ts';
import { hashBytes } from './limits.ts';

const InviteStruct = struct('invite', {
  version: oneOf(1),
  relay: text(256),
  hrid: bytes(hashBytes),
  pk: bytes(hashBytes),
});

export type Invite = Omit<ValueOf<typeof InviteStruct>, 'version'>;

const scheme = 'cliquet:';

/** The invite as text: put it into a link's fragment or a QR code, or send it. */
export function encodeInvite(invite: Invite): string {
  return scheme + encodeBase64Url(InviteStruct.encode({ version: 1, ...invite }));
}

/**
 * Reads an invite as text, also behind the `#` of a link.
 * @throws CliquetError `invite-invalid`
 */
export function decodeInvite(input: string): Invite {
  const trimmed = input.trim();
  const start = trimmed.indexOf(scheme);
  let decoded: Bytes;
  try {
    if (start < 0 || trimmed.length > 1024) throw new RangeError();
    decoded = decodeBase64Url(trimmed.slice(start + scheme.length));
    const { relay, hrid, pk } = InviteStruct.decode(decoded);
    return { relay: relayOrigin(relay), hrid, pk };
  } catch {
    throw new CliquetError('invite-invalid');
  }
}

/**
 * The normal form of a relay's address: an https origin, or http for development.
 * @throws CliquetError `invite-invalid`
 */
export function relayOrigin(relay: string): string {
  if (!URL.canParse(relay)) throw new CliquetError('invite-invalid', 'the address of the relay');
  const url = new URL(relay);
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new CliquetError('invite-invalid', 'the address of the relay');
  return url.origin;
}
