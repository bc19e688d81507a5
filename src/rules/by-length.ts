/**
 * Values under texts, found by the beginning of what is looked up: one table for each length that occurs. To look up takes one step for
 * each length, however many texts there are; a tree of single characters would take a hundred times the memory.
 */
export interface ByLength<T> {
  add(text: string, length: number, value: T): void;
  /** The values under each beginning of a text, which `cut` makes; `undefined` for one that is too long. */
  find(cut: (length: number) => string | undefined): T[];
  readonly size: number;
}

export function createByLength<T>(): ByLength<T> {
  const tables = new Map<number, Map<string, T[]>>();
  return {
    add(text, length, value) {
      const table = tables.get(length) ?? new Map<string, T[]>();
      tables.set(length, table);
      const values = table.get(text);
      if (values) values.push(value);
      else table.set(text, [value]);
    },
    find(cut) {
      const found: T[] = [];
      for (const [length, table] of tables) {
        const text = cut(length);
        const values = text === undefined ? undefined : table.get(text);
        if (values) found.push(...values);
      }
      return found;
    },
    get size() {
      return tables.size;
    },
  };
}
