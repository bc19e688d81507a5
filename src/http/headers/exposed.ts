import { type Dialects, dialectsOf } from "./dialect.ts";
import { standardFields } from "./standard.ts";

/**
 * The fields that scripts of other origins can only read if `Access-Control-Expose-Headers` names them:
 * `cors({ exposeHeaders: exposedHeaders() })`. By default those of `standardFields`. Throws a `TypeError` on misuse.
 */
export function exposedHeaders(dialects: Dialects = standardFields): string[] {
  return ["Retry-After", ...dialectsOf("dialects", dialects).flatMap(({ names }) => names)];
}
