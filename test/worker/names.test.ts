import { describe, expect, test } from 'vitest';
import { encodeBase64Url } from '../../client/wire/bytes.ts';
import { Mac, Seal, sameSecret } from '../../worker/names.ts';

const secret = new Uint8Array(32).fill(1);
const plain = Uint8Array.of(1, 2, 3);

describe('Mac', () => {
  test('gives other names for other labels and other secrets', async () => {
    const names = await Promise.all([
      new Mac(secret).name('mailbox', plain),
      new Mac(secret).name('registrar', plain),
      new Mac(new Uint8Array(32)).name('mailbox', plain),
      new Mac(secret).name('mailbox', Uint8Array.of(1, 2)),
    ]);
    expect(new Set(names).size).toBe(4);
    expect(names[0]).toBe(await new Mac(secret).name('mailbox', plain));
    expect(names[0]).toHaveLength(43);
  });
});

describe('Seal', () => {
  test('opens what it sealed, and never seals alike', async () => {
    const seal = new Seal([secret], 'ticket');
    const sealed = await seal.seal(plain);
    expect(await seal.open(sealed)).toEqual(plain);
    expect(await seal.seal(plain)).not.toBe(sealed);
  });

  test('opens nothing that was changed, cut, sealed for something else or by somebody else', async () => {
    const sealed = await new Seal([secret], 'ticket').seal(plain);
    expect(await new Seal([secret], 'challenge').open(sealed)).toBe(null);
    expect(await new Seal([new Uint8Array(32)], 'ticket').open(sealed)).toBe(null);
    const seal = new Seal([secret], 'ticket');
    for (let i = 0; i < sealed.length; i++) {
      expect(await seal.open(sealed.slice(0, i))).toBe(null);
      expect(await seal.open(`${sealed.slice(0, i)}${sealed[i] === 'A' ? 'B' : 'A'}${sealed.slice(i + 1)}`)).toBe(null);
    }
    expect(await seal.open(encodeBase64Url(new Uint8Array(12)))).toBe(null);
  });
});

describe('Seal, after its secret was changed', () => {
  const [old, fresh] = [secret, new Uint8Array(32).fill(2)];

  test('opens what either has sealed, and seals under the new one', async () => {
    const both = new Seal([fresh, old], 'ticket');
    expect(await both.open(await new Seal([old], 'ticket').seal(plain))).toEqual(plain);
    expect(await both.open(await new Seal([fresh], 'ticket').seal(plain))).toEqual(plain);
    expect(await new Seal([fresh], 'ticket').open(await both.seal(plain))).toEqual(plain);
    expect(await new Seal([old], 'ticket').open(await both.seal(plain))).toBe(null);
    expect(await both.open(await new Seal([old], 'challenge').seal(plain))).toBe(null);
  });
});

describe('sameSecret()', () => {
  test('compares whole byte strings', () => {
    expect(sameSecret(plain, Uint8Array.of(1, 2, 3))).toBe(true);
    expect(sameSecret(plain, Uint8Array.of(1, 2, 4))).toBe(false);
    expect(sameSecret(plain, Uint8Array.of(1, 2, 3, 0))).toBe(false);
    expect(sameSecret(Uint8Array.of(1, 2, 3, 0), plain)).toBe(false);
  });
});
