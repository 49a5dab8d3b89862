import { describe, expect, test } from 'vitest';
import { beginningOf, partsOf } from '../../../client/web/model/text.ts';

const linksIn = (text: string) =>
  partsOf(text).flatMap(({ text: shown, href }) => (href === null ? [] : [[shown, href]]));

describe('partsOf()', () => {
  test('finds addresses of web pages, without what ends the sentence', () => {
    const text = 'See https://example.org/a?b=c#d, (HTTP://Example.org) or http://localhost:8787/…';
    expect(partsOf(text).map((part) => part.text)).toEqual([
      ...['See ', 'https://example.org/a?b=c#d', ', (', 'HTTP://Example.org', ') or ', 'http://localhost:8787/', '…'],
    ]);
    expect(linksIn(text)).toHaveLength(3);
    expect(partsOf('')).toEqual([]);
  });

  test('keeps every sign of what is no address', () => {
    for (const text of [
      ...['javascript:alert(1)', 'file:///etc/passwd', 'https://', 'data:text/html,x', 'https://a b', 'xhttps://a'],
      ...['https://user:secret@example.org/', 'https://example.org@evil.example/', 'http://[x'],
    ]) {
      expect(
        partsOf(text)
          .map((part) => part.text)
          .join(''),
      ).toBe(text);
      expect(linksIn(text).filter(([, href]) => href?.includes('@'))).toEqual([]);
    }
  });

  test('shows where an address leads, where signs in it look like others', () => {
    const shown = {
      'https://\u0430pple.com/': 'https://xn--pple-43d.com/',
      'https://bank.example\u2044.evil.example/': 'https://bank.xn--example-7d7c.evil.example/',
      'https://bank\u3002example/': 'https://bank.example/',
      'http://0x7f.1/': 'http://127.0.0.1/',
    };
    for (const [text, expected] of Object.entries(shown)) expect(linksIn(text)).toEqual([[expected, text]]);
  });

  test('ends an address before what cannot be seen or turns text around', () => {
    for (const sign of ['\u202e', '\u200f', '\u2067', '\u200b', '\u00ad', '\ufeff', '\0']) {
      expect(linksIn(`https://example.org/${sign}gnp.exe`)).toEqual([['https://example.org/', 'https://example.org/']]);
    }
  });

  test('looks at each sign once, however it was made', () => {
    for (const text of [
      `https://${'.'.repeat(65_000)}a`,
      `https://example.org/${'.)'.repeat(32_000)}a`,
      'https://'.repeat(8000),
      `${'https://'.repeat(8000)}\0`,
    ]) {
      expect(partsOf(text).length).toBeLessThan(3);
    }
  });

  test('has a limit to how many there are', () => {
    const text = 'http://a '.repeat(7000);
    expect(linksIn(text)).toHaveLength(50);
    expect(
      partsOf(text)
        .map((part) => part.text)
        .join(''),
    ).toBe(text);
  });
});

describe('beginningOf()', () => {
  test('is all of a short text', () => {
    for (const text of ['', 'hello', 'two\nlines', '\n\n']) expect(beginningOf(text, 100, 5)).toBe(text);
  });

  test('has so many signs, and so many lines', () => {
    expect(beginningOf('x'.repeat(200), 100, 5)).toHaveLength(100);
    expect(beginningOf('line\n'.repeat(200), 100, 5)).toBe('line\nline\nline\nline\nline');
    expect(beginningOf('\n'.repeat(60_000), 100, 5)).toBe('\n\n\n\n');
    expect(beginningOf(`${'x'.repeat(99)}\u{1f600}`, 100, 5)).toBe('x'.repeat(99));
  });
});
