import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fileNameOf } from '../../../client/cli/file-name.ts';

const nameOf = (name: string | null, type = 'image/png') => fileNameOf(name, type, '-aB3_xyz12');

test('fileNameOf() keeps an honest name', () => {
  for (const name of ['map.png', 'Übung 3.pdf', 'a.tar.gz', '漢字.txt']) expect(nameOf(name)).toBe(name);
});

test('fileNameOf() is never a path, hidden, an option or a device', () => {
  expect(nameOf('../../etc/passwd')).toBe('passwd');
  expect(nameOf('C:\\windows\\system.ini')).toBe('system.ini');
  expect(nameOf('.bashrc')).toBe('bashrc');
  expect(nameOf('~/.ssh/id')).toBe('id');
  expect(nameOf('--force')).toBe('force');
  expect(nameOf('a\x1b[2J\nb\u202e.png')).toBe('a_[2J_b_.png');
  for (const none of [null, '', '..', '/', '...', 'a/', 'CON', 'nul.txt', 'COM1'])
    expect(nameOf(none)).toBe('file-aB3_xy.png');
  expect(nameOf(null, 'application/x-unknown')).toBe('file-aB3_xy');
});

test('fileNameOf() cuts a long name and keeps its ending', () => {
  expect(nameOf(`${'x'.repeat(300)}.jpeg`)).toBe(`${'x'.repeat(195)}.jpeg`);
  // Of what a file system takes, in bytes.
  expect(Array.from(nameOf('😀'.repeat(300)))).toHaveLength(50);
  expect(Buffer.byteLength(nameOf(`${'漢'.repeat(120)}.png`))).toBeLessThan(201);
});

test('fileNameOf() whatever the name is, it stays in the folder', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (name) => {
      const safe = nameOf(name);
      expect(safe).toMatch(/^[^-.~/\\\p{Cc}\p{Cf}][^/\\\p{Cc}\p{Cf}]*$/u);
    }),
  );
});
