import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bold, escapedJson, join, lines, text, visible } from '../../../client/cli/escape.ts';

/** What a terminal or a reader's eye could be fooled with. */
const dangerous = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

test('visible() shows controls, bidi, zero width, tags and half surrogates as their numbers', () => {
  expect(visible('a\x1b[31m\x07\x7f\x9b')).toBe('a\\u{1b}[31m\\u{7}\\u{7f}\\u{9b}');
  expect(visible('\u202egpj.exe\u2066\u2069\u200f\u061c')).toBe('\\u{202e}gpj.exe\\u{2066}\\u{2069}\\u{200f}\\u{61c}');
  expect(visible('a\u200bb\u2060\ufeff\u00ad\u3164')).toBe('a\\u{200b}b\\u{2060}\\u{feff}\\u{ad}\\u{3164}');
  expect(visible('\u{e0041}\u{e007f}\u{e0100}')).toBe('\\u{e0041}\\u{e007f}\\u{e0100}');
  expect(visible('\ud800x\udc00')).toBe('\\u{d800}x\\u{dc00}');
  expect(visible('a\u2028b\u2029')).toBe('a\\u{2028}b\\u{2029}');
});

test('visible() keeps a message on its line', () => {
  expect(visible('one\ntwo\r\nthree\rfour\tfive')).toBe('one⏎two⏎three\\u{d}four⇥five');
});

test('visible() leaves what writing needs', () => {
  for (const word of [
    'naïve',
    'e\u0301',
    '漢字',
    'می\u200cخواهم',
    'क\u094d\u200dष',
    '👨\u200d👩\u200d👧',
    '❤\ufe0f',
    '👩🏽\u200d🚀',
    '1\ufe0f\u20e3',
  ]) {
    expect(visible(word)).toBe(word);
  }
  // Between Latin letters they only hide.
  expect(visible('pay\u200dpal \u200c')).toBe('pay\\u{200d}pal \\u{200c}');
  // So that two names that look the same are the same.
  expect(visible('Room 1\ufe0f ❤\ufe0f\ufe0f')).toBe('Room 1\\u{fe0f} ❤\ufe0f\\u{fe0f}');
});

test('visible() lets nothing through, whatever it is given', () => {
  const everything = fc.string({ unit: 'binary', maxLength: 60 });
  const unjoined = (shown: string) => shown.replace(/[\u200c\u200d]/gu, '');
  fc.assert(fc.property(everything, (value) => !dangerous.test(unjoined(visible(value)))));
});

test('text`` escapes what is interpolated, once, and nothing else', () => {
  const name = '\x1b]0;owned\x07';
  const line = text`Hello ${name}, ${3} ${bold(name)}!`;
  expect(String(line)).toBe('Hello \\u{1b}]0;owned\\u{7}, 3 \x1b[1m\\u{1b}]0;owned\\u{7}\x1b[0m!');
  expect(String(text`${line}`)).toBe(String(line));
  expect(String(text`${'a\nb'}`)).toBe('a⏎b');
});

test('lines() and join() escape each part', () => {
  expect(String(lines('a\x1b\nb\r'))).toBe('a\\u{1b}\nb\\u{d}');
  expect(String(join(['a\n', bold('b')], ', '))).toBe('a⏎, \x1b[1mb\x1b[0m');
});

test('escapedJson() says the same to a parser and nothing to a terminal', () => {
  const everything = fc.string({ unit: 'binary', maxLength: 60 });
  fc.assert(
    fc.property(everything, everything, (key, value) => {
      const json = escapedJson({ [`k${key}`]: [value] });
      expect(JSON.parse(json)).toEqual({ [`k${key}`]: [value] });
      expect(json).not.toMatch(dangerous);
    }),
  );
  expect(escapedJson({ data: Uint8Array.of(1, 2, 255) })).toBe('{"data":"AQL/"}');
});
