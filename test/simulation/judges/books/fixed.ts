import type { PolicyRule } from "../../world/history.ts";
import type { Book } from "./book.ts";
import { windowBook } from "./window.ts";

/** In no window that is aligned to the epoch is more taken than the limit. */
export function fixedBook({ limit, windowMs }: PolicyRule): Book {
  return windowBook(limit, (time) => (Math.floor(time / windowMs) + 1) * windowMs);
}
