// An invite as a link: it stands in the fragment, so that no server sees it, behind the name that the person suggests.

import { plainName } from '../messages/isolate.ts';

const nameField = 'n=';
const maxName = 64;

export function toInviteLink(origin: string, invite: string, name: string): string {
  const suggested = name.trim() === '' ? '' : `${nameField}${encodeURIComponent(name.trim())}&`;
  return `${origin}/#${suggested}${invite}`;
}

/** @returns what its owner would like to be called, or '' */
export function suggestedName(link: string): string {
  const [, fields = ''] = /#([^#]*?)&?cliquet:/.exec(link) ?? [];
  if (!fields.startsWith(nameField)) return '';
  try {
    return plainName(decodeURIComponent(fields.slice(nameField.length)))
      .slice(0, maxName)
      .toWellFormed();
  } catch {
    return '';
  }
}
