import type { Decision, KnownDecision } from "../../core/decision.ts";
import { misuse, shown } from "../../core/misuse.ts";
import { draft6Fields } from "./draft-6.ts";
import { draft7Fields } from "./draft-7.ts";
import { legacyFields } from "./legacy.ts";
import { retryAfterSeconds } from "./seconds.ts";
import { standardFields } from "./standard.ts";

/**
 * How responses tell the quota: `"standard"` as the newest IETF draft does, `"legacy"` in `X-RateLimit-*`, `"both"` in
 * these two, or as the sixth or seventh draft did.
 */
export type Dialect = "standard" | "legacy" | "draft-6" | "draft-7" | "both";

/** What writes each dialect. */
export const DIALECTS: Readonly<Record<Dialect, (headers: Headers, decision: KnownDecision) => void>> = {
  standard: standardFields,
  legacy: legacyFields,
  "draft-6": draft6Fields,
  "draft-7": draft7Fields,
  both(headers, decision) {
    standardFields(headers, decision);
    legacyFields(headers, decision);
  },
};

/** Throws a `RangeError` that names `option` if there is no such dialect. */
export function checkDialect(option: string, dialect: Dialect | false): void {
  if (dialect === false || Object.hasOwn(DIALECTS, dialect)) return;
  throw misuse(option, `${Object.keys(DIALECTS).map(shown).join(", ")} or false`, dialect, true);
}

/**
 * Writes what is known: `Retry-After`, unless somebody has chosen one, and each quota's numbers. A decision by failure mode
 * alone knows none, and a policy without a limit for this call has none.
 */
export function writeFields(dialect: Dialect | false, headers: Headers, decision: Decision): void {
  const seconds = retryAfterSeconds(decision);
  if (seconds && !headers.has("Retry-After")) headers.set("Retry-After", `${seconds}`);
  if (dialect === false || decision.source === "fallback") return;
  const policies = decision.policies.filter(({ burst }) => burst < Infinity);
  if (policies.length > 0) DIALECTS[dialect](headers, { ...decision, policies });
}
