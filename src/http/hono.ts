import type { Context, Env, MiddlewareHandler } from "hono";
import type { Decision } from "../core/decision.ts";
import type { Limiter } from "../limiter/limiter.ts";
import { type ClientIpOptions, clientAddress } from "./keys/client-address.ts";
import type { DecisionOf, KeyRequired, Limiting, RateLimitOptions } from "./options.ts";
import { createWebGuard } from "./web-guard.ts";

export type { Dialect, Dialects } from "./headers/dialect.ts";
export { draft6Fields } from "./headers/draft-6.ts";
export { draft7Fields } from "./headers/draft-7.ts";
export { exposedHeaders } from "./headers/exposed.ts";
export { fieldsOf } from "./headers/fields-of.ts";
export { legacyFields } from "./headers/legacy.ts";
export { standardFields } from "./headers/standard.ts";
export { bearer } from "./keys/bearer.ts";
export type { ClientIpOptions } from "./keys/client-address.ts";
export { compose, firstOf } from "./keys/compose.ts";
export { cookie } from "./keys/cookie.ts";
export { hashed } from "./keys/hashed.ts";
export { header } from "./keys/header.ts";
export { path } from "./keys/path.ts";
export type { AmountOf, DecisionOf, KeyOf, KeyRequired, KeyValue, Limiting } from "./options.ts";

declare module "hono" {
  interface ContextVariableMap {
    /** What the rate limit decided; `undefined` where none has run, or it skipped the request. */
    rateLimit: Decision | undefined;
  }
}

/** What option functions know of the app unless `rateLimit<Env>(…)` says more: any binding, and no variables. */
interface UnknownEnv {
  // biome-ignore lint/suspicious/noExplicitAny: what Hono itself gives for bindings that nobody has typed.
  Bindings: any;
}

/** A variable's name, where the types know it; a stated environment leaves it open, and has its own word on variables. */
type Named<Variable extends string> = string extends Variable ? never : Variable;

/** The options of `rateLimit`; their functions get Hono's context, typed where `rateLimit<Env>(…)` says so. */
export interface HonoRateLimitOptions<E extends Env, Variable extends string = string, L extends Limiting = Limiter>
  extends RateLimitOptions<Context<E>, [], Context<E>, L> {
  /**
   * The context variable that holds the decision, for apps with several limits. The handlers behind know its type; where
   * `rateLimit<Env>(…)` states the environment, that has to name it. Default `"rateLimit"`.
   */
  variable?: Variable | undefined;
}

/**
 * Hono middleware: limits what comes behind it. Denied requests get 429 (503 where the store could not be asked and the
 * failure mode is `"closed"`) with `Retry-After` and a problem document, and the decision is `c.get("rateLimit")`.
 * Every method counts; put `cors()` before it, so that preflights are answered first. Throws a `TypeError` or
 * `RangeError` that names the option.
 *
 * Where `rateLimit<Env>(…)` states the environment, the limiter's type is stated, too, unless `createLimiter` made it:
 * `rateLimit<Env, string, AllOf<"org" | "user">>(…)`.
 *
 *     app.use("/api/*", rateLimit({ limiter: (c) => createLimiter({ … }), key: (c) => clientIp(c) }));
 */
export function rateLimit<E extends Env = UnknownEnv, Variable extends string = string, L extends Limiting = Limiter>(
  options: HonoRateLimitOptions<E, Variable, L> & KeyRequired<L>,
): MiddlewareHandler<{ Variables: { [V in Named<Variable>]: DecisionOf<L> | undefined } }> {
  const guard = createWebGuard<Context<E>, [], Context<E>, L>(options, (c) => clientIp(c));
  const { variable = "rateLimit" } = options;
  return async function rateLimit(c, next) {
    const context = c as unknown as Context<E>;
    let passed = false;
    const visit = {
      request: c.req.raw,
      subject: context,
      info: [] as [],
      source: context,
      tell: (decision: Decision) => c.set(variable as never, decision as never),
      waitUntil: () => waitUntilOf(c),
    };
    const response = await guard(visit, async () => {
      await next();
      passed = true;
      return c.res;
    });
    if (!passed) return response;
    if (response === c.res) return;
    // Otherwise Hono puts the old response's headers over the new one's.
    c.res = undefined;
    c.res = response;
  };
}

/**
 * A key: the client's address, an IPv4 address or an IPv6 network. Believes what the platform itself says and no header
 * that clients can set: `CF-Connecting-IP` on Cloudflare Workers, `X-Real-IP` on Vercel, the connection's peer on Deno,
 * Bun and Node (as Hono's adapters pass it in `c.env`); for anything else there is `trust`. `"unknown"` where nobody tells
 * an address that can be read, so that such clients share a quota. Throws a `TypeError` or `RangeError` on misuse.
 */
export function clientIp(c: Context, options?: ClientIpOptions): string {
  return clientAddress(c.req.raw, c.env, options);
}

/** Hono's `executionCtx` throws where the platform has none. */
function waitUntilOf(c: Context): ((task: Promise<unknown>) => void) | undefined {
  try {
    const { executionCtx } = c;
    return (task) => executionCtx.waitUntil(task);
  } catch {
    return undefined;
  }
}
