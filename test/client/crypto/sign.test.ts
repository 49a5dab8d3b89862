import { describe, expect, test } from 'vitest';
import { identityPublicKey, nobleCurves } from '../../../client/crypto/curves-noble.ts';
import { webCryptoCurves } from '../../../client/crypto/curves-webcrypto.ts';
import { signLabeled, verifyLabeled } from '../../../client/crypto/sign.ts';
import { concatBytes, encodeUtf8 } from '../../../client/wire/bytes.ts';
import { seededRandom } from '../../support/random.ts';

describe.each([nobleCurves, webCryptoCurves])('$name', (curves) => {
  const random = seededRandom('labeled');
  const seed = random.bytes(32);
  const pk = identityPublicKey(seed);
  const message = random.bytes(40);

  test('signLabeled() signs the prefix, the label and the message', async () => {
    const signature = await signLabeled(curves, seed, 'message', message);
    const bare = concatBytes(encodeUtf8('cliquet/1 message'), message);
    expect(await curves.verify(pk, bare, signature)).toBe(true);
    expect(await verifyLabeled(curves, pk, 'message', message, signature)).toBe(true);
  });

  test('a signature means nothing under another label or none', async () => {
    const signature = await signLabeled(curves, seed, 'message', message);
    expect(await verifyLabeled(curves, pk, 'agreement', message, signature)).toBe(false);
    expect(await verifyLabeled(curves, pk, 'key package', message, signature)).toBe(false);
    expect(await curves.verify(pk, message, signature)).toBe(false);
  });
});
