import { sha256Text } from "../../core/digest.ts";
import { misuse } from "../../core/misuse.ts";

/** The characters of an id: 72 bits as base64url. */
const LENGTH = 12;

/** An id that nobody else has. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array((LENGTH / 4) * 3));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_");
}

const utf8 = new TextEncoder();

/** The id for a caller's own name of a hold; throws a `TypeError` or `RangeError` for what is none. */
export async function idOf(name: unknown): Promise<string> {
  if (typeof name === "string" && name !== "" && name.length <= 256 && name.isWellFormed()) {
    return (await sha256Text(utf8.encode(name))).slice(0, LENGTH);
  }
  throw misuse("id", "text of 1 to 256 characters", name, typeof name === "string");
}
