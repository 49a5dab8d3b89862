import { expect, it } from 'vitest';
import { Content, decodeContent, isContent } from '../../../client/wire/content.ts';
import { contentOf, emptyOf, textOf } from '../../support/content.ts';
import { samples } from '../../support/samples.ts';
import { codeOf, describeStruct } from '../../support/struct.ts';

describeStruct('SignedHeader', samples.SignedHeader);
describeStruct('CloneReport', samples.CloneReport);
describeStruct('Earlier', samples.Earlier);
describeStruct('Content', samples.Content);

it('decodeContent() takes contents without their last two fields too, and nothing in between', () => {
  for (const content of [textOf('Käse'), emptyOf({ reply: new Uint8Array(16), timerSeconds: 3600 })]) {
    const encoded = Content.encode(content);
    expect(decodeContent(encoded)).toEqual(content);
    const old = encoded.slice(0, -2).with(0, 0x89);
    expect(decodeContent(old)).toEqual(content);
    expect(codeOf(() => Content.decode(old))).toBe('malformed');
    for (const broken of [
      encoded.slice(0, -1).with(0, 0x8a),
      encoded.with(0, 0x89),
      old.slice(0, -1),
      old.slice(0, 1),
    ]) {
      expect(codeOf(() => decodeContent(broken))).toBe('malformed');
    }
  }
});

it('isContent() is true of all but empty messages, requests and receipts', () => {
  expect(isContent(textOf(''))).toBe(true);
  expect(isContent(contentOf({ type: 'timer', seconds: null }))).toBe(true);
  expect(isContent(emptyOf())).toBe(false);
  expect(
    isContent(contentOf({ type: 'missing', messages: [{ generation: new Uint8Array(32), position: 1, from: 0 }] })),
  ).toBe(false);
  expect(isContent(contentOf({ type: 'read', ids: [new Uint8Array(16)] }))).toBe(false);
});
