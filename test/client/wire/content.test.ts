import { describe, expect, it } from 'vitest';
import { Content, normalText } from '../../../client/wire/content.ts';
import { samples } from '../../support/samples.ts';
import { describeStruct } from '../../support/struct.ts';

describeStruct('SignedHeader', samples.SignedHeader);
describeStruct('CloneReport', samples.CloneReport);
describeStruct('Content', samples.Content);

describe('normalText()', () => {
  it('drops byte order marks at the start, and mends lone surrogates', () => {
    expect(normalText('\uFEFF\uFEFFhello\uFEFF')).toBe('hello\uFEFF');
    expect(normalText('a\uD800b')).toBe('a\uFFFDb');
    expect(normalText('')).toBe('');
  });

  it('gives text that content can carry and give back', () => {
    for (const text of ['\uFEFF', '\uFEFFx', '\uDC00', 'x'.repeat(1000), '🙂']) {
      const content: Content = { type: 'text', id: new Uint8Array(16), text: normalText(text), reports: [] };
      expect(Content.decode(Content.encode(content))).toEqual(content);
    }
  });
});
