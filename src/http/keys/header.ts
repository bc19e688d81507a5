import { type KeySource, requestOf } from "./source.ts";

/**
 * A key: the value of a request header, as in `header("x-api-key")`; `undefined` where it is missing or empty. Clients
 * choose their headers, so a value that nothing verifies limits nobody. It is stored as it is; `hashed` hides secrets.
 */
export function header(name: string): (source: KeySource) => string | undefined {
  return (source) => requestOf(source).headers.get(name) || undefined;
}
