/**
 * A map of at most `maxKeys` entries that never forgets one of the `maxKeys / 2` keys used last. Two generations instead
 * of one ordered map: a key in use costs one look-up, with nothing moved, and nobody has to look for the oldest.
 */
export interface Generations<T> {
  get(key: string): T | undefined;
  set(key: string, value: T): void;
  delete(key: string): void;
  /** Forgets the older generation; what is in the younger one becomes the older. */
  age(): void;
  clear(): void;
  readonly size: number;
}

export function createGenerations<T>(maxKeys: number): Generations<T> {
  const most = Math.max(1, Math.floor(maxKeys / 2));
  let young = new Map<string, T>();
  let old = new Map<string, T>();

  function age() {
    old = young;
    young = new Map();
  }

  function set(key: string, value: T) {
    if (young.size >= most && !young.has(key)) age();
    old.delete(key);
    young.set(key, value);
  }

  return {
    get(key) {
      const value = young.get(key);
      if (value !== undefined) return value;
      const older = old.get(key);
      if (older !== undefined) set(key, older);
      return older;
    },
    set,
    delete(key) {
      young.delete(key);
      old.delete(key);
    },
    age,
    clear() {
      young.clear();
      old.clear();
    },
    get size() {
      return young.size + old.size;
    },
  };
}
