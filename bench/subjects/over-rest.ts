import { Ratelimit } from "@upstash/ratelimit";
import { Redis } from "@upstash/redis/cloudflare";
import { createLimiter, type LimiterOptions, leases, redisStore, slidingWindow } from "sluice";
import { upstashClient } from "sluice/upstash";
import { honoStore, ratelimit } from "./on-client.ts";
import type { Check, Endpoints, Library, Make, Quota } from "./subject.ts";

/** The libraries that reach Redis over REST, each set up as its documentation says, caches on. */
export const OVER_REST: Readonly<Record<Exclude<Library, "rate-limiter-flexible">, Make>> = {
  sluice: (endpoints, quota) => sluice(endpoints, quota),
  "sluice, pipeline": (endpoints, quota) => sluice({ ...endpoints, pipeline: true }, quota),
  "sluice, leases": (endpoints, quota, waitUntil) => sluice(endpoints, quota, { leases: leases(), waitUntil }),

  "@upstash/ratelimit"({ url, token }, { limit, windowMs }) {
    const limiter = ratelimit(new Redis({ url, token }), Ratelimit.slidingWindow(limit, `${windowMs} ms`));
    return async (key) => (await limiter.limit(key)).success;
  },

  "hono-rate-limiter"({ url, token }, { limit, windowMs }) {
    const store = honoStore(new Redis({ url, token }) as never, windowMs);
    return async (key) => (await store.increment(key)).totalHits <= limit;
  },

  "bare request"({ url, token }) {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    return async (key) => {
      const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(["ECHO", key]) });
      return (await response.text()).includes("result");
    };
  },
};

function sluice(
  { url, token, pipeline }: Pick<Endpoints, "url" | "token"> & { pipeline?: boolean },
  { limit, windowMs }: Quota,
  options: Pick<LimiterOptions, "leases" | "waitUntil"> = {},
): Check {
  const store = redisStore(upstashClient({ url, token, pipeline }));
  const policies = [slidingWindow({ limit, window: windowMs })];
  // So that a call whose answer did not come in time is no admitted one.
  const limiter = createLimiter({ name: "test", store, policies, failureMode: "closed", ...options });
  return async (key) => (await limiter.consume(key)).allowed;
}
