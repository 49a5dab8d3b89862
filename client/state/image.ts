// One table in memory: its records, and their keys in order. Keys that share what stands before their last slash lie
// together, so that looking at one group's records costs nothing for those of the others.

interface Bucket {
  readonly keys: string[];
  readonly values: Map<string, unknown>;
}

export type Item = readonly [key: string, value: unknown];

export class Image {
  readonly #buckets = new Map<string, Bucket>();

  get(key: string): unknown {
    return this.#buckets.get(parentOf(key))?.values.get(key);
  }

  set(key: string, value: unknown): void {
    const parent = parentOf(key);
    const bucket = this.#buckets.get(parent) ?? { keys: [], values: new Map() };
    this.#buckets.set(parent, bucket);
    if (!bucket.values.has(key)) bucket.keys.splice(indexIn(bucket.keys, key), 0, key);
    bucket.values.set(key, value);
  }

  delete(key: string): void {
    const bucket = this.#buckets.get(parentOf(key));
    if (!bucket?.values.delete(key)) return;
    bucket.keys.splice(indexIn(bucket.keys, key), 1);
    if (bucket.keys.length === 0) this.#buckets.delete(parentOf(key));
  }

  /** The records whose key starts with `prefix`, in order. */
  items(prefix: string): Item[] {
    const buckets = prefix.endsWith('/') ? this.#under(prefix) : [...this.#buckets.values()];
    const items = buckets.flatMap(({ keys, values }) => keys.map((key): Item => [key, values.get(key)]));
    // The buckets are in no order among themselves.
    if (buckets.length > 1) items.sort(([a], [b]) => (a < b ? -1 : 1));
    return prefix === '' || prefix.endsWith('/') ? items : items.filter(([key]) => key.startsWith(prefix));
  }

  /** The first and the last record of those whose key is `prefix` and a part without a slash. */
  ends(prefix: string): { readonly first: Item | undefined; readonly last: Item | undefined } {
    const bucket = this.#buckets.get(prefix);
    const item = (key: string | undefined): Item | undefined =>
      bucket === undefined || key === undefined ? undefined : [key, bucket.values.get(key)];
    return { first: item(bucket?.keys[0]), last: item(bucket?.keys.at(-1)) };
  }

  #under(prefix: string): Bucket[] {
    const own = this.#buckets.get(prefix);
    const deeper = [...this.#buckets].filter(([parent]) => parent !== prefix && parent.startsWith(prefix));
    return [...(own === undefined ? [] : [own]), ...deeper.map(([, bucket]) => bucket)];
  }
}

const parentOf = (key: string) => key.slice(0, key.lastIndexOf('/') + 1);

/** Where a key stands in a sorted list, or would. */
function indexIn(keys: readonly string[], key: string): number {
  let [low, high] = [0, keys.length];
  // Most keys are new and the greatest of all.
  if (high > 0 && (keys[high - 1] as string) < key) return high;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
