import { afterEach, describe, expect, test, vi } from 'vitest';
import { nobleCurves } from '../../../client/crypto/curves-noble.ts';
import { webCryptoCurves } from '../../../client/crypto/curves-webcrypto.ts';
import { selectCurves } from '../../../client/crypto/select-curves.ts';

describe('selectCurves()', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  });

  test('takes WebCrypto where it works', async () => {
    expect(await selectCurves()).toBe(webCryptoCurves);
  });

  test('takes noble without WebCrypto', async () => {
    vi.stubGlobal('crypto', undefined);
    expect(await selectCurves()).toBe(nobleCurves);
  });

  test('takes noble outside a secure context, where there is no subtle', async () => {
    vi.stubGlobal('crypto', { getRandomValues: () => new Uint8Array(1) });
    expect(await selectCurves()).toBe(nobleCurves);
  });

  test.each(['X25519', 'Ed25519'])('takes noble where WebCrypto lacks %s', async (missing) => {
    const { importKey } = crypto.subtle;
    vi.spyOn(crypto.subtle, 'importKey').mockImplementation(((...args: Parameters<typeof importKey>) => {
      if (args[2] === missing) return Promise.reject(new DOMException('not supported', 'NotSupportedError'));
      return importKey.apply(crypto.subtle, args);
    }) as typeof importKey);
    expect(await selectCurves()).toBe(nobleCurves);
  });

  test.each(['sign', 'deriveBits'] as const)('takes noble where %s() gives other bytes', async (method) => {
    vi.spyOn(crypto.subtle, method).mockResolvedValue(new Uint8Array(method === 'sign' ? 64 : 32).fill(1).buffer);
    expect(await selectCurves()).toBe(nobleCurves);
  });
});
