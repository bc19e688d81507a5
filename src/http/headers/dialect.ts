import type { Decision, KnownDecision } from "../../core/decision.ts";
import { draft6Fields } from "./draft-6.ts";
import { draft7Fields } from "./draft-7.ts";
import { legacyFields } from "./legacy.ts";
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

/** Writes what is known; a decision by failure mode alone knows nothing. */
export function writeFields(dialect: Dialect | false, headers: Headers, decision: Decision): void {
  if (dialect !== false && decision.source !== "fallback") DIALECTS[dialect](headers, decision);
}
