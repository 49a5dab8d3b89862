import { describe, expect, it } from 'vitest';
import { changePassphrase, encryptedStore, isEmptyStore } from '../../../client/store/encrypted.ts';
import { memoryStore } from '../../../client/store/memory.ts';
import { numberKey } from '../../../client/store/store.ts';
import type { Bytes } from '../../../client/wire/bytes.ts';
import { rejectionOf } from '../../support/struct.ts';

/** Costs next to nothing: what is tested here is not Argon2id. */
const parameters = { memoryKib: 8, passes: 1 };
const key: Bytes = new Uint8Array(32).fill(3);

const codeOf = async (promise: Promise<unknown>) => (await rejectionOf(promise)).code;
const value: Bytes = new TextEncoder().encode('a value');

/** What lies in a store with one entry, under a passphrase. */
async function written(secret: string | Bytes = 'passphrase'): Promise<Map<string, Bytes>> {
  const inner = memoryStore();
  const store = await encryptedStore(inner, secret, { parameters });
  await store.commit([{ key: 'table/name', value }]);
  return new Map(inner.entries());
}

describe('encryptedStore()', () => {
  it('opens with its passphrase, however it was typed, and with no other', async () => {
    const entries = await written('Käse');
    const open = (secret: string | Bytes) => encryptedStore(memoryStore(entries), secret);
    expect(await (await open('Ka\u0308se')).get('table/name')).toEqual(value);
    for (const wrong of ['käse', 'Käse ', '', 'Kase']) expect(await codeOf(open(wrong))).toBe('wrong-passphrase');
    expect(await codeOf(open(key))).toBe('wrong-passphrase');
  });

  it('opens with its key, and with no other', async () => {
    const entries = await written(key);
    expect(await (await encryptedStore(memoryStore(entries), key)).get('table/name')).toEqual(value);
    expect(await codeOf(encryptedStore(memoryStore(entries), key.with(31, 4)))).toBe('wrong-passphrase');
    expect(await codeOf(encryptedStore(memoryStore(entries), 'passphrase'))).toBe('wrong-passphrase');
    await expect(encryptedStore(memoryStore(), new Uint8Array(31))).rejects.toThrow(RangeError);
  });

  it('says how far it is with the passphrase', async () => {
    const entries = await written();
    const told: number[] = [];
    await encryptedStore(memoryStore(entries), 'passphrase', { onProgress: (fraction) => told.push(fraction) });
    expect(told.at(-1)).toBe(1);
  });

  it('writes nothing when it does not open, and closes the store', async () => {
    const entries = await written();
    const inner = memoryStore(entries);
    expect(await codeOf(encryptedStore(inner, 'wrong'))).toBe('wrong-passphrase');
    expect(inner.entries()).toEqual(entries);
    expect(await codeOf(inner.get('store'))).toBe('store-closed');
  });

  it('tells a header with any byte changed, cut or added from a wrong passphrase', async () => {
    const entries = await written();
    const header = entries.get('store') as Bytes;
    const opened = (changed: Bytes) =>
      codeOf(encryptedStore(memoryStore(new Map(entries).set('store', changed)), 'passphrase'));
    expect(await opened(header.with(0, 2))).toBe('store-too-new');
    for (let i = 1; i < header.length; i++) {
      expect(await opened(header.with(i, (header[i] ?? 0) ^ 1))).toBe('store-damaged');
      expect(await opened(header.slice(0, i))).toBe('store-damaged');
    }
    expect(await opened(new Uint8Array([...header, 0]))).toBe('store-damaged');
    const headless = new Map(entries);
    headless.delete('store');
    expect(await codeOf(encryptedStore(memoryStore(headless), 'passphrase'))).toBe('store-damaged');
  });

  it('refuses a damaged, moved or exchanged value', async () => {
    const inner = memoryStore();
    const store = await encryptedStore(inner, key);
    await store.commit([
      { key: 't/a', value },
      { key: 't/b', value },
    ]);
    const entries = inner.entries();
    const [first, second] = [...entries.keys()].filter((name) => name !== 'store') as [string, string];
    const tampered = async (change: (map: Map<string, Bytes>) => void) => {
      const map = new Map(entries);
      change(map);
      const opened = await encryptedStore(memoryStore(map), key);
      return codeOf(opened.list('t/'));
    };
    const sealed = entries.get(first) as Bytes;
    for (let i = 0; i < sealed.length; i++) {
      expect(await tampered((map) => map.set(first, sealed.with(i, (sealed[i] ?? 0) ^ 1)))).toBe('store-damaged');
    }
    for (const length of [0, 10, 24, 40, sealed.length - 1]) {
      expect(await tampered((map) => map.set(first, sealed.slice(0, length)))).toBe('store-damaged');
    }
    expect(await tampered((map) => map.set(second, sealed))).toBe('store-damaged');
  });

  it('shows nothing of keys and values, and the same entry twice never alike', async () => {
    const inner = memoryStore();
    const store = await encryptedStore(inner, key);
    await store.commit([{ key: `history/group/${numberKey(7)}`, value }]);
    const before = inner.entries();
    await store.commit([{ key: `history/group/${numberKey(7)}`, value }]);
    const names = [...before.keys()].join();
    expect(names).toContain(numberKey(7));
    expect(names).not.toMatch(/history|group/);
    const [name] = [...before.keys()].filter((each) => each !== 'store') as [string];
    expect(inner.entries().get(name)).not.toEqual(before.get(name));
    expect(Buffer.concat([...before.values()]).includes('a value')).toBe(false);
    const other = memoryStore();
    await (await encryptedStore(other, key)).commit([{ key: `history/group/${numberKey(7)}`, value }]);
    expect([...other.entries().keys()]).not.toEqual([...before.keys()]);
  });
});

describe('changePassphrase()', () => {
  it('lets the new one open what was stored, and the old one nothing', async () => {
    const inner = memoryStore(await written());
    expect(await codeOf(changePassphrase(inner, 'wrong', 'new', { parameters }))).toBe('wrong-passphrase');
    await changePassphrase(inner, 'passphrase', 'new', { parameters });
    const entries = inner.entries();
    expect(await codeOf(encryptedStore(memoryStore(entries), 'passphrase'))).toBe('wrong-passphrase');
    expect(await (await encryptedStore(memoryStore(entries), 'new')).get('table/name')).toEqual(value);
  });

  it('refuses a store that has none', async () => {
    expect(await codeOf(changePassphrase(memoryStore(), 'a', 'b'))).toBe('store-damaged');
  });
});

describe('isEmptyStore()', () => {
  it('tells without reading what is in it', async () => {
    expect(await isEmptyStore(memoryStore())).toBe(true);
    const store = memoryStore(await written());
    store.list = () => Promise.reject(new Error('it was read'));
    expect(await isEmptyStore(store)).toBe(false);
  });

  it('takes one that has lost its header for what it is', async () => {
    const entries = await written();
    entries.delete('store');
    expect(await isEmptyStore(memoryStore(entries))).toBe(false);
  });
});
