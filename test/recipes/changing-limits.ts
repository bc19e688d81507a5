import { createLimiter, openRules, type RedisClient, redisStore, rules, slidingWindow } from "sluice";

/** An API whose limits are changed while it runs, and what changes them. */
export function createApi(redis: RedisClient, namespace?: string) {
  const limiter = createLimiter({
    name: "api",
    store: redisStore(redis, { namespace }),
    policies: [slidingWindow({ name: "hourly", limit: 1000, window: "1 h" })],
    rules: rules({ redis, namespace, refreshMs: 5000 }),
  });
  const book = openRules({ redis, namespace });
  return {
    limiter,
    /** One customer gets another limit, as from the page where plans are changed. */
    give: (customer: string, hourly: number, by: string) =>
      book.add({ what: "limit", limiter: "api", key: customer, limits: { hourly }, by }),
    /** In an incident all who have no rule of their own get a tenth, for an hour. `force`, since it is for every key. */
    saveLoad: (by: string) =>
      book.add(
        { what: "limit", limiter: "api", pattern: "*", limits: { hourly: 100 }, for: "1 h", by },
        { force: true },
      ),
  };
}
