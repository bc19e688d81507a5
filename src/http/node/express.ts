import type { IncomingMessage, ServerResponse } from "node:http";
import type { Limiter } from "../../limiter/limiter.ts";
import type { KeyRequired, Limiting } from "../options.ts";
import { createNodeGuard, Exchange, goOn } from "./exchange.ts";
import type { NodeRateLimitOptions } from "./options.ts";

/**
 * Middleware for Express, Connect and whatever else calls `(request, response, next)`: limits what comes behind it. Denied
 * requests get 429 (503 where the store could not be asked and the failure mode is `"closed"`) with `Retry-After` and a problem
 * document; `rateLimitOf(request)` is the decision. Every method counts. Throws a `TypeError` or `RangeError` that names the
 * option.
 *
 *     app.use("/api", rateLimit({ limiter }));
 */
export function rateLimit<
  Request extends IncomingMessage,
  Response extends ServerResponse,
  L extends Limiting = Limiter,
>(
  options: NodeRateLimitOptions<Request, [response: Response], L> & KeyRequired<L>,
): (request: Request, response: Response, next: (error?: unknown) => void) => void {
  const guard = createNodeGuard(options, ({ response }, status, body) => {
    response.statusCode = status;
    response.end(body);
  });
  return function rateLimit(request, response, next) {
    goOn(guard(new Exchange(request, [response], response, response)), next);
  };
}
