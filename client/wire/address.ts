// The normal form of the address that receives the challenge (UID). It decides the HRID and so is part of the
// protocol: client and relay must come to the same bytes for ever. Hence no tables that change from year to year:
// phone numbers are accepted in international form only, and domains take the host's UTS #46 processing.

import { CliquetError } from './errors.ts';
import { maxAddressLength } from './limits.ts';

export interface Address {
  readonly kind: 'email' | 'phone';
  /** The normal form: `name@example.org` in lower case, or `+` and 7 to 15 digits (E.164). */
  readonly uid: string;
}

/** @throws CliquetError `address-invalid` */
export function parseAddress(input: string): Address {
  const trimmed = input.trim();
  if (trimmed.length > maxAddressLength) throw new CliquetError('address-invalid');
  return trimmed.includes('@') ? parseEmail(trimmed) : parsePhone(trimmed);
}

function parseEmail(input: string): Address {
  const at = input.lastIndexOf('@');
  // Composed again after lower case: some letters are composed in lower case only (H̱ → ẖ).
  const local = input.slice(0, at).normalize('NFC').toLowerCase().normalize('NFC');
  const domain = normalDomain(input.slice(at + 1));
  // RFC 5321 §4.1.2 dot-string (UTF-8 allowed by RFC 6531); quoted local parts are refused.
  if (
    !/^[^\s@"(),:;<>[\\\]\p{Cc}\p{Cs}.]+(?:\.[^\s@"(),:;<>[\\\]\p{Cc}\p{Cs}.]+)*$/u.test(local) ||
    local.length > 64
  ) {
    throw new CliquetError('address-invalid');
  }
  const uid = `${local}@${domain}`;
  if (uid.length > maxAddressLength) throw new CliquetError('address-invalid');
  return { kind: 'email', uid };
}

function normalDomain(input: string): string {
  if (!/^[\p{L}\p{M}\p{N}.-]+$/u.test(input) || !URL.canParse(`http://${input}/`))
    throw new CliquetError('address-invalid');
  const domain = new URL(`http://${input}/`).hostname;
  const labels = domain.split('.');
  const letters = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;
  if (
    labels.length < 2 ||
    !labels.every((label) => label.length <= 63 && letters.test(label)) ||
    /^\d+$/.test(labels.at(-1) ?? '')
  ) {
    throw new CliquetError('address-invalid');
  }
  return domain;
}

function parsePhone(input: string): Address {
  const uid = input.replace(/[\s().\-/]/g, '');
  if (!/^\+[1-9]\d{6,14}$/.test(uid)) throw new CliquetError('address-invalid');
  return { kind: 'phone', uid };
}
