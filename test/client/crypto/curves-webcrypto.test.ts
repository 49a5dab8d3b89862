import { afterEach, expect, test, vi } from 'vitest';
import { webCryptoCurves } from '../../../client/crypto/curves-webcrypto.ts';
import { seededRandom } from '../../support/random.ts';

const random = seededRandom('webcrypto');

afterEach(() => {
  vi.restoreAllMocks();
});

test('agree() refuses a result of zeros from a platform that lets it pass', async () => {
  const [secret, publicKey] = [random.bytes(32), random.bytes(32)];
  expect(await webCryptoCurves.agree(secret, publicKey)).not.toBe(null);
  vi.spyOn(crypto.subtle, 'deriveBits').mockResolvedValue(new ArrayBuffer(32));
  expect(await webCryptoCurves.agree(secret, publicKey)).toBe(null);
});

test('verify() is false where the platform throws', async () => {
  vi.spyOn(crypto.subtle, 'verify').mockRejectedValue(new Error('platform'));
  expect(await webCryptoCurves.verify(random.bytes(32), random.bytes(1), random.bytes(64))).toBe(false);
});
