import { StoreError } from "../core/errors.ts";
import { checkFunction, misuse } from "../core/misuse.ts";
import { wholeNumber } from "../core/whole-number.ts";
import { readLimiters } from "../limiter/described/read-limiters.ts";
import { MAX_TIMER_MS } from "../limiter/time.ts";
import { redisStore } from "../store/redis.ts";
import type { RedisClient } from "../store/redis-client.ts";
import { pageAccess, refusalOf } from "./access.ts";
import { actions } from "./actions.ts";
import { answer, asset, json, page } from "./answers.ts";
import { figures, SPANS } from "./figures.ts";
import { rulesSeen } from "./rules-seen.ts";

export interface DashboardOptions {
  /** The client of the Redis that `analytics`, `rules` and the limiters use. */
  redis: RedisClient;
  /** Theirs. Default: none. */
  namespace?: string | undefined;
  /**
   * Who may see and operate it: asked for every request. `true` lets it pass, `false` answers 403, a `Response` answers in
   * its place, as a redirect to a login.
   */
  authorize: (request: Request) => boolean | Response | Promise<boolean | Response>;
  /**
   * Who operates it, for the history of the rules: 1 to 64 characters, asked where a rule is changed. Default: the page asks, and
   * believes what it is told.
   */
  operator?: ((request: Request) => string | undefined) | undefined;
  /** Ms after which the page, while it is looked at, reads again: a whole number from 1000 to 2^31 - 1. Default 30 000. */
  refreshMs?: number | undefined;
  /** The path that it is mounted at, as in `"/ops/limits"`. Default: the root. */
  path?: string | undefined;
}

/**
 * The dashboard as a fetch handler: a page with the figures of `analytics`, the state of a key with its reset, and the operators'
 * rules. Throws a `TypeError` or `RangeError` that names the option.
 */
export function dashboard(options: DashboardOptions): (request: Request) => Promise<Response> {
  const { redis, namespace, authorize, operator, refreshMs = 30_000, path = "" } = options;
  redisStore(redis, { namespace });
  if (typeof authorize !== "function") throw misuse("authorize", "a function", authorize);
  checkFunction("operator", operator);
  wholeNumber("refreshMs", refreshMs, 1000, MAX_TIMER_MS);
  if (typeof path !== "string" || !/^(\/[\w.~-]+)*$/.test(path)) throw misuse("path", 'a path such as "/ops"', path);
  const database = { redis, namespace };

  async function routed(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const below = pathname.startsWith(`${path}/`) ? pathname.slice(path.length + 1) : undefined;
    if (request.method === "POST") return post(below ?? "", request);
    if (request.method !== "GET" && request.method !== "HEAD") return json({ error: "Only GET and POST" }, 405);
    if (below === "" || pathname === path) {
      const { token, cookie } = await pageAccess(request, path);
      return page({ path, token, refreshMs }, cookie);
    }
    if (below === "api/figures") {
      const hours = Number(searchParams.get("hours"));
      if (!SPANS.includes(hours)) return json({ error: `hours is one of ${SPANS.join(", ")}` }, 400);
      const names = (await readLimiters(database)).map(({ name }) => name);
      return json(await figures(redis, namespace, names, hours));
    }
    if (below === "api/rules") return json(await rulesSeen(database, operator?.(request)));
    return asset(below ?? "") ?? json({ error: "Not found" }, 404);
  }

  async function post(below: string, request: Request): Promise<Response> {
    const action = Object.hasOwn(actions, below) ? actions[below] : undefined;
    if (!action) return json({ error: "Not found" }, 404);
    const refusal = await refusalOf(request);
    if (refusal) return json({ error: refusal }, 403);
    const asked: unknown = await request.json().catch(() => undefined);
    return action(database, (asked ?? {}) as Record<string, unknown>, operator?.(request));
  }

  return async (request) => {
    const may = await authorize(request);
    if (may instanceof Response) return may;
    if (may !== true) return answer("json", JSON.stringify({ error: "You may not see this" }), 403);
    try {
      return await routed(request);
    } catch (error) {
      // What it says holds no token and no key.
      if (error instanceof StoreError) return json({ error: error.message, kind: error.kind }, 503);
      throw error;
    }
  };
}
