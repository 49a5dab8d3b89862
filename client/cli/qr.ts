// A QR code out of half blocks: two modules in one character. With colours it is black on white whatever the terminal
// looks like; without, the blocks are the light modules, as on a dark screen.

import { encodeQR } from 'qr';
import { join, Safe } from './escape.ts';

const border = 2;
const blackOnWhite = { both: '█', upper: '▀', lower: '▄', none: ' ' };
const whiteOnBlack = { both: ' ', upper: '▄', lower: '▀', none: '█' };

/** Black on bright white. */
const onWhite = Safe.style('30;107');

export interface QrCode {
  readonly columns: number;
  readonly picture: Safe;
}

/** @param content  what a camera reads */
export function qrCode(content: string, hasColour: boolean): QrCode {
  const rows = encodeQR(content, 'raw', { ecc: 'low', border });
  const blocks = hasColour ? blackOnWhite : whiteOnBlack;
  const drawn: Safe[] = [];
  for (let y = 0; y < rows.length; y += 2) {
    const line = (rows[y] ?? []).map((upper, x) => {
      const lower = rows[y + 1]?.[x] ?? false;
      return upper ? (lower ? blocks.both : blocks.upper) : lower ? blocks.lower : blocks.none;
    });
    drawn.push(hasColour ? onWhite(line.join('')) : join([line.join('')]));
  }
  return { columns: rows.length, picture: join(drawn) };
}
