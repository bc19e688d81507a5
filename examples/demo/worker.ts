import { type Context, Hono } from "hono";
import { createLimiter, type LimiterEvent, leases, redisStore, slidingWindow, tokenBucket } from "sluice";
import { clientIp, firstOf, header, rateLimit } from "sluice/hono";
import { upstashClient } from "sluice/upstash";

interface Env {
  Bindings: { UPSTASH_REDIS_REST_URL: string; UPSTASH_REDIS_REST_TOKEN: string };
}

/** Nothing is sent, and no timer starts, before the first check. */
function createLimiters({ UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token }: Env["Bindings"]) {
  const store = redisStore(upstashClient({ url, token }));
  const bucket = tokenBucket({ name: "bucket", limit: 5, window: "10 s", burst: 10 });
  const window = slidingWindow({ name: "window", limit: 10, window: "10 s" });
  const hot = tokenBucket({ name: "hot", limit: 100, window: "10 s" });
  const onEvent = see;
  return {
    bucket: createLimiter({ name: "demo-bucket", store, policies: [bucket], onEvent }),
    window: createLimiter({ name: "demo-window", store, policies: [window], onEvent }),
    hot: createLimiter({ name: "demo-hot", store, policies: [hot], onEvent }),
    leased: createLimiter({ name: "demo-leased", store, policies: [hot], onEvent, leases: leases({ maxMs: 2000 }) }),
  };
}

/** How often Redis was asked for requests that count, by limiter, since somebody was told. */
const asked = new Map<string, number>();

/** Counts checks that went to Redis, and leases renewed behind an answer; the page's own looks don't count. */
function see(event: LimiterEvent) {
  const isOne =
    event.type === "store" ? event.purpose === "lease" : event.operation === "consume" && event.storeMs !== undefined;
  if (isOne) asked.set(event.limiter, (asked.get(event.limiter) ?? 0) + 1);
}

let limiters: ReturnType<typeof createLimiters> | undefined;

/** Made by an isolate's first request and kept, with what they have seen, for as long as the isolate lives. */
function limitersOf({ env }: Context<Env>) {
  limiters ??= createLimiters(env);
  return limiters;
}

/** Each API key has its own quota; requests without one share that of their address. */
const key = firstOf(header("x-api-key"), (c: Context<Env>) => clientIp(c));

const app = new Hono<Env>();

// Whether Redis was asked, this isolate knew already, or nobody could tell; for those who watch.
app.use("/api/*", async (c, next) => {
  await next();
  const decision = c.get("rateLimit");
  if (decision) c.header("x-decided-by", decision.source);
});

/** Says how often Redis was asked since the answer before. */
const tells = (name: string) => async (c: Context<Env>, next: () => Promise<void>) => {
  await next();
  c.header("x-redis-asked", `${asked.get(name) ?? 0}`);
  asked.delete(name);
};

app.use("/api/bucket", tells("demo-bucket"));
app.use("/api/window", tells("demo-window"));
app.use("/api/hot", tells("demo-hot"));
app.use("/api/leased", tells("demo-leased"));

app.use("/api/bucket", rateLimit({ limiter: (c: Context<Env>) => limitersOf(c).bucket, key }));
app.use("/api/window", rateLimit({ limiter: (c: Context<Env>) => limitersOf(c).window, key }));
app.use("/api/hot", rateLimit({ limiter: (c: Context<Env>) => limitersOf(c).hot, key }));
app.use("/api/leased", rateLimit({ limiter: (c: Context<Env>) => limitersOf(c).leased, key }));

// The decision is the answer here; your own handlers have something better to say.
app.get("/api/bucket", (c) => c.json(c.get("rateLimit")));
app.get("/api/window", (c) => c.json(c.get("rateLimit")));
app.get("/api/hot", (c) => c.json(c.get("rateLimit")));
app.get("/api/leased", (c) => c.json(c.get("rateLimit")));

// What the page shows between requests: looked at, nothing taken.
app.get("/api/status", async (c) => {
  const whose = (await key(c)) as string;
  const { bucket, window, hot, leased } = limitersOf(c);
  const third = c.req.query("leases") === undefined ? hot : leased;
  const [bucketNow, windowNow, hotNow] = await Promise.all([bucket, window, third].map((one) => one.peek(whose)));
  return c.json({ bucket: bucketNow, window: windowNow, hot: hotNow }, 200, { "cache-control": "no-store" });
});

export default app;
