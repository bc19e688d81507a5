/** The response's fields, as a framework keeps them until it sends them. Node's own response is one. */
export interface Fields {
  getHeader(name: string): unknown;
  setHeader(name: string, value: string): unknown;
  /** Adds one more field of that name. */
  appendHeader(name: string, value: string): unknown;
}

/** As much of `Headers` as dialects use, over a framework's own fields. */
class FieldsView implements Pick<Headers, "get" | "has" | "set" | "append"> {
  readonly #fields: Fields;

  constructor(fields: Fields) {
    this.#fields = fields;
  }

  get(name: string): string | null {
    const value = this.#fields.getHeader(name);
    return value === undefined || value === null ? null : `${Array.isArray(value) ? value.join(", ") : value}`;
  }

  has(name: string): boolean {
    return this.get(name) !== null;
  }

  set(name: string, value: string): void {
    this.#fields.setHeader(name, value);
  }

  append(name: string, value: string): void {
    const before = this.get(name);
    this.set(name, before === null ? value : `${before}, ${value}`);
  }
}

/** The fields as dialects write them. */
export const headersOf = (fields: Fields): Headers => new FieldsView(fields) as unknown as Headers;
