// A QR code as a picture: black on white whatever the theme, as cameras like it.

import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { encodeQR } from 'qr';

const border = 2;

export function QrCode({ content, label }: { readonly content: string; readonly label: string }): JSX.Element {
  const { size, path } = useMemo(() => draw(content), [content]);
  return (
    <svg
      class="qr"
      width="272"
      height="272"
      viewBox={`0 0 ${size} ${size}`}
      role="img"
      aria-label={label}
      shape-rendering="crispEdges"
    >
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}

function draw(content: string): { readonly size: number; readonly path: string } {
  const rows = encodeQR(content, 'raw', { ecc: 'low', border });
  const path = rows.flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : ''))).join('');
  return { size: rows.length, path };
}
