import type { PolicyRule } from "../../world/history.ts";
import type { Book } from "./book.ts";
import { bucketBook } from "./bucket.ts";
import { calendarBook } from "./calendar.ts";
import { fixedBook } from "./fixed.ts";
import { logBook } from "./log.ts";
import { partsBook } from "./parts.ts";
import { slidingBook } from "./sliding.ts";

/** The book of a policy's definition. */
export function bookOf(rule: PolicyRule): Book {
  return {
    bucket: bucketBook,
    sliding: slidingBook,
    fixed: fixedBook,
    log: logBook,
    parts: partsBook,
    calendar: calendarBook,
  }[rule.kind](rule);
}
