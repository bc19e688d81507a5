import type { Decision } from "../core/decision.ts";
import type { Limiter } from "../limiter/limiter.ts";
import { type ClientIpOptions, clientAddress } from "./keys/client-address.ts";
import type { KeyRequired, Limiting, RateLimitOptions } from "./options.ts";
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

/** The options of `withRateLimit`; their functions get the request and the handler's second argument. */
export type FetchRateLimitOptions<R extends Request, Info, L extends Limiting = Limiter> = RateLimitOptions<
  R,
  [info: Info],
  Info,
  L
>;

const decisions = new WeakMap<Request, Decision>();

/**
 * Puts a limit before any handler of requests: `fetch` of a Worker, Vercel middleware, `Deno.serve`, `Bun.serve`, Node
 * through an adapter. Denied requests get 429 (503 where the store could not be asked and the failure mode is
 * `"closed"`) with `Retry-After` and a problem document. Every method counts. Where the handler returns nothing, as
 * middleware may to let a request pass, nothing is added. Throws a `TypeError` or `RangeError` that names the option.
 *
 *     export default { fetch: withRateLimit(handler, { limiter: (env) => createLimiter({ … }), key: clientIp }) };
 */
export function withRateLimit<
  R extends Request,
  Rest extends unknown[],
  Served extends Response | undefined,
  L extends Limiting = Limiter,
>(
  handler: (request: R, ...rest: Rest) => Served | Promise<Served>,
  options: FetchRateLimitOptions<R, Rest[0], L> & KeyRequired<L>,
): (request: R, ...rest: Rest) => Promise<Served | Response> {
  const guard = createWebGuard<R, [info: Rest[0]], Rest[0], L>(options, clientIp);
  return function limited(request, ...rest) {
    const visit = {
      request,
      subject: request,
      info: [rest[0]] as [info: Rest[0]],
      source: rest[0],
      tell: (decision: Decision) => decisions.set(request, decision),
      waitUntil: () => waitUntilOf(rest),
    };
    return guard(visit, async () => handler(request, ...rest));
  };
}

/** What `withRateLimit` decided on this request; `undefined` where none has run, or it skipped the request. */
export function rateLimitOf(request: Request): Decision | undefined {
  return decisions.get(request);
}

/**
 * A key: the client's address, an IPv4 address or an IPv6 network. Believes what the platform itself says and no header
 * that clients can set: `CF-Connecting-IP` on Cloudflare Workers, `X-Real-IP` on Vercel, and what the handler's second
 * argument (`info`) tells: the connection's peer on Deno, Bun and Node, `getClientAddress()` of SvelteKit's event. For
 * anything else there is `trust`. `"unknown"` where nobody tells an address that can be read, so that such clients share a
 * quota. Throws a `TypeError` or `RangeError` on misuse.
 */
export function clientIp(request: Request, info?: unknown, options?: ClientIpOptions): string {
  return clientAddress(request, info, options);
}

/** Workers pass `waitUntil` with the third argument, Vercel with the second. */
function waitUntilOf(rest: unknown[]): ((task: Promise<unknown>) => void) | undefined {
  const context = rest.find(hasWaitUntil);
  return context && ((task) => context.waitUntil(task));
}

function hasWaitUntil(value: unknown): value is { waitUntil(task: Promise<unknown>): void } {
  return typeof (value as { waitUntil?: unknown } | null | undefined)?.waitUntil === "function";
}
