// A letter as it goes over the line (RFC 5322): its fields, and its text as plain text and as HTML (RFC 2046 §5.1.4).

import { type Bytes, encodeBase64, encodeUtf8 } from '../../../client/wire/bytes.ts';
import { type Sender, writeSender } from '../configuration.ts';
import type { Email } from '../letter.ts';

/** Characters of a line of the body (RFC 2045 §6.7). */
const maxLineLength = 76;
/** So that an encoded word has at most 75 characters (RFC 2047 §2). */
const maxWordBytes = 45;

/**
 * @param to  one address
 * @param id  of this letter and of no other
 * @returns lines, each of which ends with CR and LF
 */
export function formatMail(from: Sender, to: string, { subject, text, html }: Email, at: Date, id: string): string {
  const isPlain = isAscii(from.name);
  const sender = isPlain ? writeSender(from) : `${encodeWords(from.name)} <${from.address}>`;
  const part = (type: string, content: string) => [
    `--${id}`,
    `Content-Type: ${type}; charset=utf-8`,
    'Content-Transfer-Encoding: quoted-printable',
    '',
    ...content.trimEnd().split('\n').map(quotedPrintable),
  ];
  const lines = [
    `From: ${sender}`,
    `To: ${to}`,
    `Subject: ${isAscii(subject) ? subject : encodeWords(subject)}`,
    `Message-ID: <${id}@${from.address.slice(from.address.lastIndexOf('@') + 1)}>`,
    `Date: ${at.toUTCString().replace('GMT', '+0000')}`,
    // RFC 3834: no automaton answers it.
    'Auto-Submitted: auto-generated',
    'MIME-Version: 1.0',
    `Content-Type: multipart/alternative; boundary="${id}"`,
    '',
    ...part('text/plain', text),
    ...part('text/html', html),
    `--${id}--`,
  ];
  return lines.map((line) => `${line}\r\n`).join('');
}

const isAscii = (text: string) => /^\p{ASCII}*$/u.test(text);

/** RFC 2047. */
function encodeWords(text: string): string {
  const words: Bytes[] = [];
  let word = '';
  for (const letter of text) {
    if (encodeUtf8(word + letter).length > maxWordBytes) {
      words.push(encodeUtf8(word));
      word = '';
    }
    word += letter;
  }
  words.push(encodeUtf8(word));
  return words.map((bytes) => `=?utf-8?B?${encodeBase64(bytes)}?=`).join('\r\n ');
}

/** One line of text, as one or more lines that differ at their ends only (RFC 2045 §6.7). */
function quotedPrintable(line: string): string {
  const bytes = encodeUtf8(line);
  let [written, column] = ['', 0];
  bytes.forEach((byte, i) => {
    const isLast = i === bytes.length - 1;
    const isLiteral = (byte > 0x20 && byte < 0x7f && byte !== 0x3d) || (byte === 0x20 && !isLast);
    const sign = isLiteral ? String.fromCharCode(byte) : `=${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    // One place is for the sign that the line goes on.
    if (column + sign.length > maxLineLength - (isLast ? 0 : 1)) {
      written += '=\r\n';
      column = 0;
    }
    written += sign;
    column += sign.length;
  });
  return written;
}
