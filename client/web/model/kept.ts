// Small things that the browser keeps, readable for whoever has it. Where it keeps nothing, as when the person has forbidden
// it, they are forgotten.

interface Kept {
  get(): string | null;
  /** @param value null forgets it */
  set(value: string | null): void;
}

/** @param storage  as a function: only asking for it may be forbidden already */
export function kept(storage: () => Storage, key: string): Kept {
  return {
    get: () => {
      try {
        return storage().getItem(key);
      } catch {
        return null;
      }
    },
    set: (value) => {
      try {
        if (value === null) storage().removeItem(key);
        else storage().setItem(key, value);
      } catch {
        // Then it is for this page only.
      }
    },
  };
}
