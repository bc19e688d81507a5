import { type Context, Hono } from "hono";
import { createLimiter, redisStore, slidingWindow, tokenBucket } from "sluice";
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
  return {
    bucket: createLimiter({ name: "demo-bucket", store, policies: [bucket] }),
    window: createLimiter({ name: "demo-window", store, policies: [window] }),
  };
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

app.use("/api/bucket", rateLimit({ limiter: (c: Context<Env>) => limitersOf(c).bucket, key }));
app.use("/api/window", rateLimit({ limiter: (c: Context<Env>) => limitersOf(c).window, key }));

// The decision is the answer here; your own handlers have something better to say.
app.get("/api/bucket", (c) => c.json(c.get("rateLimit")));
app.get("/api/window", (c) => c.json(c.get("rateLimit")));

// What the page shows between requests: looked at, nothing taken.
app.get("/api/status", async (c) => {
  const { bucket, window } = limitersOf(c);
  const whose = (await key(c)) as string;
  const [bucketNow, windowNow] = await Promise.all([bucket.peek(whose), window.peek(whose)]);
  return c.json({ bucket: bucketNow, window: windowNow }, 200, { "cache-control": "no-store" });
});

export default app;
