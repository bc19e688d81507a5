import { decoded } from "./cookie.ts";
import { type KeySource, requestOf } from "./source.ts";

/** A key: the URL's path, percent-decoded, so that `/%61` and `/a` share a quota. Made for `compose`. */
export function path(): (source: KeySource) => string {
  return (source) => decoded(new URL(requestOf(source).url).pathname);
}
