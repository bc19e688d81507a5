import type { Decision, KnownDecision } from "../../core/decision.js";
import { draft6Fields } from "./draft-6.js";
import { draft7Fields } from "./draft-7.js";
import { legacyFields } from "./legacy.js";
import { standardFields } from "./standard.js";

/**
 * How responses tell the quota: `"standard"` as the newest IETF draft does, `"legacy"` in `X-RateLimit-*`, `"both"` in
 * these two, or as the sixth or seventh draft did.
 */
export type Dialect = "standard" | "legacy" | "draft-6" | "draft-7" | "both";

interface Fields {
  readonly names: readonly string[];
  write(headers: Headers, decision: KnownDecision): void;
}

const STANDARD: Fields = { names: ["RateLimit", "RateLimit-Policy"], write: standardFields };
const LEGACY: Fields = {
  names: ["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"],
  write: legacyFields,
};

/** What each dialect writes. */
export const DIALECTS: Record<Dialect, readonly Fields[]> = {
  standard: [STANDARD],
  legacy: [LEGACY],
  "draft-6": [
    {
      names: ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "RateLimit-Policy"],
      write: draft6Fields,
    },
  ],
  "draft-7": [{ names: STANDARD.names, write: draft7Fields }],
  both: [STANDARD, LEGACY],
};

/** Writes what is known; a decision by failure mode alone knows nothing. */
export function writeFields(dialect: Dialect | false, headers: Headers, decision: Decision): void {
  if (dialect === false || decision.source === "fallback") return;
  for (const { write } of DIALECTS[dialect]) write(headers, decision);
}

/**
 * The fields that scripts of other origins can only read if `Access-Control-Expose-Headers` names them:
 * `cors({ exposeHeaders: exposedHeaders() })`.
 */
export function exposedHeaders(dialect: Dialect | false = "standard"): string[] {
  return ["Retry-After", ...(dialect === false ? [] : DIALECTS[dialect].flatMap(({ names }) => names))];
}
