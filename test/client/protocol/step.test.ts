import { expect, test } from 'vitest';
import { fingerprint } from '../../../client/protocol/step.ts';
import { samples } from '../../support/samples.ts';
import { describeStruct } from '../../support/struct.ts';

describeStruct('Step', samples.Step);

test('fingerprint() is eight bytes that differ with the secret', () => {
  const [a, b] = [fingerprint(new Uint8Array(32).fill(1)), fingerprint(new Uint8Array(32).fill(2))];
  expect([a.length, b.length]).toEqual([8, 8]);
  expect(a).not.toEqual(b);
  expect(a).toEqual(fingerprint(new Uint8Array(32).fill(1)));
});
