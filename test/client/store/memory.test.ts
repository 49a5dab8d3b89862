import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../../client/store/memory.ts';

describe('memoryStore() entries()', () => {
  it('gives a copy, also of a closed store, from which another one starts', async () => {
    const store = memoryStore();
    await store.commit([{ key: 'a', value: new Uint8Array([1]) }]);
    await store.close();
    const entries = store.entries();
    const other = memoryStore(entries);
    entries.get('a')?.fill(9);
    await other.commit([{ key: 'b', value: new Uint8Array([2]) }]);
    expect(await other.get('a')).toEqual(new Uint8Array([1]));
    expect([...store.entries().keys()]).toEqual(['a']);
  });
});
