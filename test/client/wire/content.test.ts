import { expect, it } from 'vitest';
import { isContent } from '../../../client/wire/content.ts';
import { contentOf, emptyOf, textOf } from '../../support/content.ts';
import { samples } from '../../support/samples.ts';
import { describeStruct } from '../../support/struct.ts';

describeStruct('SignedHeader', samples.SignedHeader);
describeStruct('CloneReport', samples.CloneReport);
describeStruct('Content', samples.Content);

it('isContent() is true of all but empty messages and receipts', () => {
  expect(isContent(textOf(''))).toBe(true);
  expect(isContent(contentOf({ type: 'timer', seconds: null }))).toBe(true);
  expect(isContent(emptyOf())).toBe(false);
  expect(isContent(contentOf({ type: 'read', ids: [new Uint8Array(16)] }))).toBe(false);
});
