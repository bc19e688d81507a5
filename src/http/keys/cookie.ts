import { type KeySource, requestOf } from "./source.ts";

/**
 * A key: the value of a cookie, unquoted and percent-decoded, so that one session has one key; the first of several.
 * `undefined` where it is missing or empty. It is stored as it is: `hashed(cookie("session"))` hides it.
 */
export function cookie(name: string): (source: KeySource) => string | undefined {
  return (source) => {
    for (const pair of requestOf(source).headers.get("Cookie")?.split(";") ?? []) {
      const [key = "", ...value] = pair.split("=");
      if (key.trim() === name)
        return (
          decoded(
            value
              .join("=")
              .trim()
              .replace(/^"(.*)"$/, "$1"),
          ) || undefined
        );
    }
    return undefined;
  };
}

/** Percent-decoded, if that is possible. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
