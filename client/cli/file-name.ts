// The name under which a file that somebody has sent is written to disk: never a path, never hidden, never an option.

/** File systems take 255 bytes at most, and some encodings are longer than UTF-8. */
const maxBytes = 200;
/** Names that Windows keeps for devices. */
const reserved = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/**
 * @param name  what the sender says
 * @param id    of the message, for a file without a usable name
 */
export function fileNameOf(name: string | null, mediaType: string, id: string): string {
  const cleaned = (name ?? '')
    .normalize('NFC')
    .replace(/^.*[/\\]/s, '')
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}<>:"|?*]/gu, '_')
    .replace(/\s+/gu, ' ')
    .replace(/^[-.~ ]+/, '')
    .replace(/[. ]+$/, '');
  const short = shorten(cleaned);
  if (short === '' || reserved.test(short))
    return `file-${id.replace(/\W/g, '').slice(0, 6)}${endings[mediaType] ?? ''}`;
  return short;
}

const endings: Readonly<Record<string, string>> = {
  'application/pdf': '.pdf',
  'image/jpeg': '.jpg',
  'image/png': '.png',
  'text/plain': '.txt',
};

/** Cuts between characters, and keeps the ending. */
function shorten(name: string): string {
  const dot = name.lastIndexOf('.');
  const ending = dot > 0 && name.length - dot <= 10 ? name.slice(dot) : '';
  const stem = Array.from(name.slice(0, name.length - ending.length));
  while (Buffer.byteLength(stem.join('') + ending) > maxBytes) stem.pop();
  return stem.join('') + ending;
}
