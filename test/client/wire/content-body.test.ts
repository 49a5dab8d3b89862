import { encode } from 'cborg';
import { describe, expect, it } from 'vitest';
import { type Body, normalText, readBody, writeBody } from '../../../client/wire/content-body.ts';
import { maxContentBodyBytes, maxContentBytes, maxTimerSeconds } from '../../../client/wire/limits.ts';
import { contentOf, textOf } from '../../support/content.ts';
import { codeOf } from '../../support/struct.ts';

const id = new Uint8Array(16).fill(7);
const data = new Uint8Array([1, 2, 3]);
const bodies: readonly Body[] = [
  { type: 'empty' },
  { type: 'text', text: 'Käse 🧀' },
  { type: 'bytes', mediaType: 'image/png', name: null, data },
  { type: 'bytes', mediaType: '', name: 'käse.png', data },
  { type: 'edit', target: id, text: '' },
  { type: 'deletion', target: id },
  { type: 'read', ids: [id] },
  { type: 'timer', seconds: 60 },
  { type: 'timer', seconds: null },
  { type: 'missing', messages: [{ generation: new Uint8Array(32), position: 255, from: 0 }] },
  { type: 'extension', kind: 'org.example.poll', version: 3, data },
];

describe('readBody()', () => {
  it.each(bodies.map((body) => [body.type, body] as const))('%s gives back what was written', (_, body) => {
    expect(readBody(contentOf(body))).toEqual(body);
  });

  it('gives null for a kind or a version that this client does not know', () => {
    expect(readBody({ kind: 'hologram', version: 1, body: data })).toBeNull();
    expect(readBody({ ...writeBody({ type: 'text', text: 'x' }), version: 2 })).toBeNull();
    expect(readBody({ kind: '', version: 1, body: data })).toBeNull();
  });

  it('does not take what every object inherits for a kind', () => {
    for (const kind of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
      expect(readBody({ kind, version: 1, body: data })).toBeNull();
    }
  });

  it('takes a name with a dot for an extension only if it can be sent as one', () => {
    for (const kind of ['a b.c', 'ä.b', 'a.\u001b[31m']) expect(readBody({ kind, version: 1, body: data })).toBeNull();
  });

  it('refuses a body that is not what its kind says', () => {
    const { body } = writeBody({ type: 'text', text: 'x' });
    for (const kind of ['bytes', 'edit', 'deletion', 'read', 'timer', 'missing', 'empty']) {
      expect(codeOf(() => readBody({ kind, version: 1, body }))).toBe('malformed');
    }
    expect(codeOf(() => readBody({ kind: 'text', version: 1, body: new Uint8Array(0) }))).toBe('malformed');
    expect(codeOf(() => readBody({ kind: 'text', version: 1, body: new Uint8Array([...body, 0]) }))).toBe('malformed');
  });
});

describe('a request for what is missing', () => {
  it('asks for something', () => {
    const body = new Uint8Array(encode([[]]));
    expect(codeOf(() => readBody({ kind: 'missing', version: 1, body }))).toBe('malformed');
  });
});

describe('a timer', () => {
  it('is of a second at least, and of a year at most', () => {
    for (const seconds of [1, maxTimerSeconds]) {
      expect(readBody(contentOf({ type: 'timer', seconds }))).toEqual({ type: 'timer', seconds });
    }
    for (const seconds of [0, maxTimerSeconds + 1]) {
      const body = new Uint8Array(encode([seconds]));
      expect(codeOf(() => readBody({ kind: 'timer', version: 1, body }))).toBe('malformed');
    }
  });
});

describe('writeBody()', () => {
  it('takes 64 KiB of text in UTF-8, or of data, and not a byte more', () => {
    const text = 'é'.repeat(maxContentBytes / 2);
    expect(writeBody({ type: 'text', text }).body.length).toBeLessThanOrEqual(maxContentBodyBytes);
    const most = new Uint8Array(maxContentBytes);
    const named = { type: 'bytes', mediaType: 'm'.repeat(128), name: '€'.repeat(128) } as const;
    expect(writeBody({ ...named, data: most }).body.length).toBeLessThanOrEqual(maxContentBodyBytes);
    expect(writeBody({ type: 'edit', target: id, text }).body.length).toBeLessThanOrEqual(maxContentBodyBytes);
    const more = new Uint8Array(maxContentBytes + 1);
    const tooLarge: readonly Body[] = [
      { type: 'text', text: `${text}x` },
      { type: 'edit', target: id, text: `${text}x` },
      { ...named, data: more },
      { type: 'extension', kind: 'a.b', version: 1, data: more },
    ];
    for (const body of tooLarge) expect(codeOf(() => writeBody(body))).toBe('content-too-large');
  });

  it('refuses an extension whose name has no dot, or is no ASCII, or too long', () => {
    for (const kind of ['poll', '', 'ä.b', 'a b.c', `a.${'b'.repeat(127)}`]) {
      expect(() => writeBody({ type: 'extension', kind, version: 1, data })).toThrow(RangeError);
    }
  });

  it('takes whatever text normalText() gives', () => {
    for (const text of ['\uFEFF', '\uFEFFx', '\uDC00', 'x'.repeat(1000), '🙂']) {
      const content = textOf(normalText(text));
      expect(readBody(content)).toEqual({ type: 'text', text: normalText(text) });
    }
  });
});

describe('normalText()', () => {
  it('drops byte order marks at the start, and mends lone surrogates', () => {
    expect(normalText('\uFEFF\uFEFFhello\uFEFF')).toBe('hello\uFEFF');
    expect(normalText('a\uD800b')).toBe('a\uFFFDb');
    expect(normalText('')).toBe('');
  });
});
