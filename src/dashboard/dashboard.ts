import { StoreError } from "../core/errors.ts";
import { misuse } from "../core/misuse.ts";
import { readLimiters } from "../limiter/described/read-limiters.ts";
import { redisStore } from "../store/redis.ts";
import type { RedisClient } from "../store/redis-client.ts";
import { pageAccess, refusalOf } from "./access.ts";
import { answer, asset, json, page } from "./answers.ts";
import { figures, SPANS } from "./figures.ts";
import { keyStates, limiterFrom } from "./key-state.ts";

export interface DashboardOptions {
  /** The client of the Redis that `analytics` and the limiters use. */
  redis: RedisClient;
  /** Theirs. Default: none. */
  namespace?: string | undefined;
  /**
   * Who may see and operate it: asked for every request. `true` lets it pass, `false` answers 403, a `Response` answers in
   * its place, as a redirect to a login.
   */
  authorize: (request: Request) => boolean | Response | Promise<boolean | Response>;
  /** The path that it is mounted at, as in `"/ops/limits"`. Default: the root. */
  path?: string | undefined;
}

/** The longest key, in UTF-16 units, that a page may ask for. */
const LONGEST_KEY = 16_384;

/**
 * The dashboard as a fetch handler: a page with the figures of `analytics`, and the state of a key with its reset. Throws a
 * `TypeError` that names the option.
 */
export function dashboard(options: DashboardOptions): (request: Request) => Promise<Response> {
  const { redis, namespace, authorize, path = "" } = options;
  redisStore(redis, { namespace });
  if (typeof authorize !== "function") throw misuse("authorize", "a function", authorize);
  if (typeof path !== "string" || !/^(\/[\w.~-]+)*$/.test(path)) throw misuse("path", 'a path such as "/ops"', path);

  async function routed(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const below = pathname.startsWith(`${path}/`) ? pathname.slice(path.length + 1) : undefined;
    if (request.method === "POST") return post(below, request);
    if (request.method !== "GET" && request.method !== "HEAD") return json({ error: "Only GET and POST" }, 405);
    if (below === "" || pathname === path) {
      const { token, cookie } = await pageAccess(request, path);
      return page(path, token, cookie);
    }
    if (below === "api/figures") {
      const hours = Number(searchParams.get("hours"));
      if (!SPANS.includes(hours)) return json({ error: `hours is one of ${SPANS.join(", ")}` }, 400);
      const names = (await readLimiters({ redis, namespace })).map(({ name }) => name);
      return json(await figures(redis, namespace, names, hours));
    }
    return asset(below ?? "") ?? json({ error: "Not found" }, 404);
  }

  /** All that has to do with a key, which may tell who somebody is: addresses get into logs, bodies don't. */
  async function post(below: string | undefined, request: Request): Promise<Response> {
    if (below !== "api/key" && below !== "api/reset") return json({ error: "Not found" }, 404);
    const refusal = await refusalOf(request);
    if (refusal) return json({ error: refusal }, 403);
    const { limiter, key } = ((await request.json().catch(() => undefined)) ?? {}) as Record<string, unknown>;
    if (!isKey(key)) return json({ error: "key is text of 1 to 16384 characters" }, 400);
    const limiters = await readLimiters({ redis, namespace });
    if (below === "api/key") return json({ limiters: await keyStates(redis, namespace, limiters, key) });
    const description = limiters.find(({ name }) => name === limiter);
    if (!description) return json({ error: "No limiter of that name has described itself to this Redis" }, 404);
    await limiterFrom(redis, namespace, description).reset(key);
    return json({ reset: key, limiter });
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

const isKey = (key: unknown): key is string => typeof key === "string" && key.length >= 1 && key.length <= LONGEST_KEY;
