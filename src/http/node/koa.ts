import type { IncomingMessage, ServerResponse } from "node:http";
import type { Decision } from "../../core/decision.ts";
import type { Limiter } from "../../limiter/limiter.ts";
import type { KeyRequired, Limiting } from "../options.ts";
import { rateLimitOf } from "./decisions.ts";
import { createNodeGuard, Exchange } from "./exchange.ts";
import type { NodeRateLimitOptions } from "./options.ts";

/** As much of Koa's context as a limit needs. */
interface KoaContext {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly state: { rateLimit?: Decision | undefined };
  status: number;
  body: unknown;
  set(name: string, value: string): void;
  append(name: string, value: string): void;
}

/**
 * Middleware for Koa: limits what comes behind it. Denied requests get 429 (503 where the store could not be asked and the failure
 * mode is `"closed"`) with `Retry-After` and a problem document; the decision is `ctx.state.rateLimit`. Koa takes all fields back
 * from the response to an error that a handler throws. Throws a `TypeError` or `RangeError` that names the option.
 *
 *     app.use(koaRateLimit({ limiter }));
 */
export function koaRateLimit<Context extends KoaContext, L extends Limiting = Limiter>(
  options: NodeRateLimitOptions<Context, [], L> & KeyRequired<L>,
): (context: Context, next: () => Promise<unknown>) => Promise<void> {
  const guard = createNodeGuard(options, ({ subject: context, response }, status, body) => {
    const type = response.getHeader("Content-Type");
    context.body = typeof body === "string" ? body : new TextDecoder().decode(body);
    // Koa guesses both from the body.
    context.status = status;
    if (typeof type === "string") context.set("Content-Type", type);
  });
  return async function rateLimit(context, next) {
    const { res } = context;
    const fields = {
      getHeader: (name: string) => res.getHeader(name),
      setHeader: (name: string, value: string) => context.set(name, value),
      appendHeader: (name: string, value: string) => context.append(name, value),
    };
    const passed = await guard(new Exchange(context, [], res, fields));
    context.state.rateLimit = rateLimitOf(context);
    if (passed) await next();
  };
}
