import { stripVTControlCharacters } from 'node:util';
import decodeQR from 'qr/decode.js';
import { expect, test } from 'vitest';
import { qrCode } from '../../../client/cli/qr.ts';

/** What a camera sees of the characters: each is two modules high. */
function photograph(picture: string, dark: { readonly upper: string; readonly lower: string }) {
  const rows = picture.split('\n').map((row) => Array.from(row));
  const scale = 4;
  const [width, height] = [(rows[0]?.length ?? 0) * scale, rows.length * 2 * scale];
  const data = new Uint8Array(width * height * 4).fill(255);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const character = rows[Math.floor(y / scale / 2)]?.[Math.floor(x / scale)] ?? ' ';
      const half = Math.floor(y / scale) % 2 === 0 ? dark.upper : dark.lower;
      if (half.includes(character)) data.fill(0, (y * width + x) * 4, (y * width + x) * 4 + 3);
    }
  }
  return { width, height, data };
}

const invite = `cliquet:${'hAF0aHR0cDovL2xvY2FsaG9zdDo4Nzg3WCA'.repeat(4)}`;

test('qrCode() a camera reads it, black on white', () => {
  const { picture, columns } = qrCode(invite, true);
  const rows = stripVTControlCharacters(String(picture));
  expect(rows.split('\n').every((row) => row.length === columns)).toBe(true);
  expect(
    String(picture)
      .split('\n')
      .every((row) => row.startsWith('\x1b[30;107m')),
  ).toBe(true);
  expect(decodeQR(photograph(rows, { upper: '█▀', lower: '█▄' }))).toBe(invite);
});

test('qrCode() a camera reads it without colours, on a dark screen', () => {
  const { picture } = qrCode('0123456789'.repeat(6), false);
  expect(String(picture)).not.toContain('\x1b');
  expect(decodeQR(photograph(String(picture), { upper: ' ▄', lower: ' ▀' }))).toBe('0123456789'.repeat(6));
});

test('qrCode() an invite fits on an ordinary terminal', () => {
  expect(qrCode(invite, true).columns).toBeLessThanOrEqual(60);
});
