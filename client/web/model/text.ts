// What somebody has written: the addresses of web pages in it, and its beginning. It may be as long as a message can be, and
// made to take long: each sign is looked at once.

/** A part of a text; one that is an address leads there. */
export interface Part {
  readonly text: string;
  readonly href: string | null;
}

const address = /\bhttps?:\/\/[^\s<>"'\p{C}]+/giu;
/** What ends a sentence rather than an address. */
const endings = new Set('.,;:!?)]}…»”’');
/** More are text: whoever goes from one to the next with the keyboard gets past them. */
const maxLinks = 50;

export function partsOf(text: string): readonly Part[] {
  const parts: Part[] = [];
  let end = 0;
  let links = 0;
  for (const { 0: found, index } of text.matchAll(address)) {
    let { length } = found;
    while (endings.has(found[length - 1] ?? '')) length--;
    const link = linkTo(found.slice(0, length));
    if (link === null) continue;
    if (++links > maxLinks) break;
    if (index > end) parts.push({ text: text.slice(end, index), href: null });
    parts.push(link);
    end = index + length;
  }
  if (end < text.length) parts.push({ text: text.slice(end), href: null });
  return parts;
}

/** @returns null if it is no address, or has a name before an @, which can look like another site */
function linkTo(href: string): Part | null {
  if (!URL.canParse(href)) return null;
  const url = new URL(href);
  if (url.username !== '' || url.password !== '') return null;
  // Signs that browsers take for others are shown as those: a name of a site is what it seems to be.
  const isPlain = href.toLowerCase().startsWith(`${url.protocol}//${url.host}`);
  return { text: isPlain ? href : url.href, href };
}

/** So much of a text, and no half of a sign at its end. */
export function beginningOf(text: string, maxLength: number, maxLines: number): string {
  let end = -1;
  for (let line = 0; line < maxLines; line++) {
    end = text.indexOf('\n', end + 1);
    if (end < 0 || end > maxLength) break;
  }
  const length = Math.min(end < 0 ? text.length : end, maxLength);
  return text.slice(0, length).replace(/[\ud800-\udbff]$/, '');
}
