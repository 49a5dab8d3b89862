// What somebody has written, as text and nothing else. Addresses of web pages in it lead there, in a tab that learns nothing
// of this one; no other link does anything.

import type { JSX } from 'preact';

const address = /\bhttps?:\/\/[^\s<>"'\u2066-\u2069\u202a-\u202e]+/gi;
/** What ends a sentence rather than an address. */
const ending = /[.,;:!?)\]}…»”’]+$/;

export function Text({ text }: { readonly text: string }): JSX.Element {
  const parts: (string | JSX.Element)[] = [];
  let end = 0;
  for (const match of text.matchAll(address)) {
    const link = match[0].replace(ending, '');
    if (!isWebAddress(link)) continue;
    parts.push(text.slice(end, match.index));
    parts.push(
      <a key={match.index} href={link} target="_blank" rel="noopener noreferrer nofollow">
        {link}
      </a>,
    );
    end = match.index + link.length;
  }
  parts.push(text.slice(end));
  return (
    <span class="text" dir="auto">
      {parts}
    </span>
  );
}

function isWebAddress(link: string): boolean {
  if (!URL.canParse(link)) return false;
  const { protocol, username, password } = new URL(link);
  // A name before an @ can look like another site.
  return (protocol === 'https:' || protocol === 'http:') && username === '' && password === '';
}
