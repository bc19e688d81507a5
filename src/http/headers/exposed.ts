import type { Dialect } from "./dialect.ts";

const STANDARD = ["RateLimit", "RateLimit-Policy"];
const LEGACY = ["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"];

/** The fields of each dialect. */
const NAMES: Readonly<Record<Dialect, readonly string[]>> = {
  standard: STANDARD,
  legacy: LEGACY,
  "draft-6": ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "RateLimit-Policy"],
  "draft-7": STANDARD,
  both: [...STANDARD, ...LEGACY],
};

/**
 * The fields that scripts of other origins can only read if `Access-Control-Expose-Headers` names them:
 * `cors({ exposeHeaders: exposedHeaders() })`. By default those of `"standard"`.
 */
export function exposedHeaders(dialect: Dialect | false = "standard"): string[] {
  return ["Retry-After", ...(dialect === false ? [] : NAMES[dialect])];
}
