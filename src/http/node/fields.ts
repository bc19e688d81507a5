/** The response's fields, as a framework keeps them until it sends them. */
export interface Fields {
  get(name: string): unknown;
  set(name: string, value: string): void;
}

/** As much of `Headers` as dialects use, over a framework's own fields. */
export function headersOf(fields: Fields): Headers {
  const get = (name: string) => {
    const value = fields.get(name);
    return value === undefined || value === null ? null : `${Array.isArray(value) ? value.join(", ") : value}`;
  };
  return {
    get,
    has: (name: string) => get(name) !== null,
    set: (name: string, value: string) => fields.set(name, value),
    append: (name: string, value: string) => {
      const before = get(name);
      fields.set(name, before === null ? value : `${before}, ${value}`);
    },
  } as unknown as Headers;
}
