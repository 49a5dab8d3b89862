// Chooses the provider of X25519 and Ed25519, once at start.

import { type Curves, leafPublicKey } from './curves.ts';
import { nobleCurves } from './curves-noble.ts';
import { webCryptoCurves } from './curves-webcrypto.ts';

/** WebCrypto if it passes a short self-test here, else noble. */
export async function selectCurves(): Promise<Curves> {
  try {
    const seed = new Uint8Array(32).fill(7);
    const message = new Uint8Array([1, 2, 3]);
    const [fast, reference] = await Promise.all(
      [webCryptoCurves, nobleCurves].map(async (curves) => [
        ...(await curves.sign(seed, message)),
        ...(await leafPublicKey(curves, seed)),
      ]),
    );
    if (fast !== undefined && reference !== undefined && fast.every((byte, i) => byte === reference[i]))
      return webCryptoCurves;
  } catch {
    // no WebCrypto, or not with these curves
  }
  return nobleCurves;
}
