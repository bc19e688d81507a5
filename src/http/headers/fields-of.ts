import type { Decision } from "../../core/decision.ts";
import { type Dialects, dialectsOf, writeFields } from "./dialect.ts";
import { standardFields } from "./standard.ts";

/**
 * The response fields of a decision, by name in lower case, for what has no middleware here: `Retry-After` on a denial that
 * ends, and each quota's numbers where they are known, by default in `standardFields`. `false`: `Retry-After` alone. Throws a
 * `TypeError` on misuse.
 *
 *     response.set(fieldsOf(await limiter.consume(key)));
 */
export function fieldsOf(decision: Decision, dialects: Dialects = standardFields): Record<string, string> {
  const headers = new Headers();
  writeFields(dialectsOf("dialects", dialects), headers, decision);
  return Object.fromEntries(headers);
}
