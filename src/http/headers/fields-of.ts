import type { Decision } from "../../core/decision.ts";
import { checkDialect, type Dialect, writeFields } from "./dialect.ts";

/**
 * The response fields of a decision, by name in lower case, for what has no middleware here: `Retry-After` on a denial that
 * ends, and each quota's numbers where they are known. `false`: `Retry-After` alone. Throws a `RangeError` if there is no such
 * dialect.
 *
 *     response.set(fieldsOf(await limiter.consume(key)));
 */
export function fieldsOf(decision: Decision, dialect: Dialect | false = "standard"): Record<string, string> {
  checkDialect("dialect", dialect);
  const headers = new Headers();
  writeFields(dialect, headers, decision);
  return Object.fromEntries(headers);
}
