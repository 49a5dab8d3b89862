// Whose budget a stranger's request is taken from: an IPv4 address, or the /64 that one IPv6 customer has (RFC 6177 §2).
// One prefix has one text, however its address was written (RFC 4291 §2.2).

const groups = 8;
const prefixGroups = 4;
/** ::ffff:0:0/96, an IPv4 address in IPv6 (RFC 4291 §2.5.5.2). */
const mapped = '0:0:0:0:0:ffff';

/** The prefix of an address as the platform names it; what is no address is a prefix of its own. */
export function prefixOf(address: string): string {
  if (!address.includes(':')) return address;
  const expanded = expand(address);
  if (expanded === null) return address;
  if (expanded.slice(0, 6).join(':') === mapped) return formatIpv4(expanded.slice(6));
  return `${expanded.slice(0, prefixGroups).join(':')}::/64`;
}

/** The eight groups of an IPv6 address, in lower case and without leading zeros; null if it is none. */
function expand(address: string): string[] | null {
  const [withoutZone = ''] = address.split('%');
  const [head = '', tail, ...rest] = withoutZone.split('::');
  if (rest.length > 0) return null;
  const [before, after] = [parseGroups(head), parseGroups(tail ?? '')];
  if (before === null || after === null) return null;
  const missing = groups - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return null;
  return [...before, ...Array<string>(missing).fill('0'), ...after];
}

function parseGroups(text: string): string[] | null {
  if (text === '') return [];
  const parsed: string[] = [];
  for (const part of text.split(':')) {
    const dotted = parseIpv4(part);
    if (dotted !== null) parsed.push(...dotted);
    else if (/^[0-9a-f]{1,4}$/i.test(part)) parsed.push(Number.parseInt(part, 16).toString(16));
    else return null;
  }
  return parsed;
}

/** An IPv4 address as two groups. */
function parseIpv4(text: string): [string, string] | null {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return null;
  const [a = 0, b = 0, c = 0, d = 0] = text.split('.').map(Number);
  return [(a * 256 + b).toString(16), (c * 256 + d).toString(16)];
}

function formatIpv4(pair: readonly string[]): string {
  return pair.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]).join('.');
}
