import { Ratelimit } from "@upstash/ratelimit";
import { Redis } from "@upstash/redis/cloudflare";
import { createLimiter, redisStore, slidingWindow } from "sluice";
import { upstashClient } from "sluice/upstash";
import { honoStore, ratelimit } from "./on-client.ts";
import type { Check, Endpoints, Library, Quota } from "./subject.ts";

type Make = (endpoints: Endpoints, quota: Quota) => Check;

/** The libraries that reach Redis over REST, each set up as its documentation says, caches on. */
export const OVER_REST: Readonly<Record<Exclude<Library, "rate-limiter-flexible">, Make>> = {
  sluice: (endpoints, quota) => sluice(endpoints, quota, false),
  "sluice, pipeline": (endpoints, quota) => sluice(endpoints, quota, true),

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

function sluice({ url, token }: Endpoints, { limit, windowMs }: Quota, pipeline: boolean): Check {
  const store = redisStore(upstashClient({ url, token, pipeline }));
  const limiter = createLimiter({ name: "test", store, policies: [slidingWindow({ limit, window: windowMs })] });
  return async (key) => (await limiter.consume(key)).allowed;
}
