// A camera that sees one QR code: Chromium takes its picture from a file.

import { writeFileSync } from 'node:fs';
import { encodeQR } from 'qr';

const [width, height] = [640, 480];
const frames = 5;
const [black, white, grey] = [16, 235, 128];

/** What Chromium has to be told to have it. */
export const cameraArgs = (file: string): readonly string[] => [
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
  `--use-file-for-fake-video-capture=${file}`,
];

/** Holds a code in front of the camera, or, without one, an empty sheet. */
export function holdUp(file: string, content: string | null): void {
  const luma = Buffer.alloc(width * height, white);
  if (content !== null) draw(luma, encodeQR(content, 'raw', { ecc: 'low', border: 4 }));
  const chroma = Buffer.alloc((width * height) / 2, grey);
  const frame = [Buffer.from('FRAME\n'), luma, chroma];
  const header = Buffer.from(`YUV4MPEG2 W${width} H${height} F5:1 Ip A1:1 C420jpeg\n`);
  writeFileSync(file, Buffer.concat([header, ...Array.from({ length: frames }, () => frame).flat()]));
}

function draw(luma: Buffer, rows: readonly (readonly boolean[])[]): void {
  const scale = Math.floor(height / rows.length);
  const left = Math.floor((width - rows.length * scale) / 2);
  for (let y = 0; y < rows.length * scale; y++) {
    for (let x = 0; x < rows.length * scale; x++) {
      const isDark = rows[Math.floor(y / scale)]?.[Math.floor(x / scale)] ?? false;
      luma[y * width + left + x] = isDark ? black : white;
    }
  }
}
