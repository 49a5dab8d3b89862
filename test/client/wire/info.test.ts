import { expect, test } from 'vitest';
import { InfoSchema } from '../../../client/wire/info.ts';
import { parseJson } from '../../../client/wire/json.ts';
import { codeOf } from '../../support/struct.ts';

const info = {
  name: 'cliquet',
  version: '0.1.0',
  protocol: 1,
  time: 1_800_000_000,
  channels: ['email', 'phone'],
  limits: { bodyBytes: 131_072, sendBytes: 524_288, recipients: 255, keyPackages: 50, messageTtlSeconds: 2_592_000 },
};

test('InfoSchema takes what a relay says, and what a newer one says more', () => {
  expect(parseJson(InfoSchema, JSON.stringify(info))).toEqual(info);
  expect(parseJson(InfoSchema, JSON.stringify({ ...info, later: true }))).toEqual(info);
});

test.each([
  { name: 'another' },
  { protocol: 2 },
  { protocol: '1' },
  { channels: ['fax'] },
  { time: null },
  { limits: { ...info.limits, recipients: 'many' } },
  { limits: undefined },
])('InfoSchema refuses %j', (change) => {
  expect(codeOf(() => parseJson(InfoSchema, JSON.stringify({ ...info, ...change })))).toBe('malformed');
});
