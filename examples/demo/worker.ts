import { type Context, Hono } from "hono";
import { createLimiter, type Limiter, redisStore, slidingWindow, tokenBucket } from "sluice";
import { clientIp, rateLimit } from "sluice/hono";
import { upstashClient } from "sluice/upstash";

type Env = { Bindings: { UPSTASH_REDIS_REST_URL: string; UPSTASH_REDIS_REST_TOKEN: string } };

interface Limiters {
  readonly bucket: Limiter;
  readonly window: Limiter;
}

let limiters: Limiters | undefined;

/** Made by an isolate's first request and kept, with what they have seen, for as long as the isolate lives. */
function limitersOf(c: Context<Env>): Limiters {
  if (limiters) return limiters;
  const store = redisStore(upstashClient({ url: c.env.UPSTASH_REDIS_REST_URL, token: c.env.UPSTASH_REDIS_REST_TOKEN }));
  limiters = {
    bucket: createLimiter({
      store,
      policies: [tokenBucket({ name: "bucket", limit: 5, window: "10 s", burst: 10 })],
      prefix: "demo",
    }),
    window: createLimiter({
      store,
      policies: [slidingWindow({ name: "window", limit: 10, window: "10 s" })],
      prefix: "demo",
    }),
  };
  return limiters;
}

/** Whose quota a request uses: its API key's where it sends one, else its IP address's. */
function keyOf(c: Context<Env>): string {
  const apiKey = c.req.header("x-api-key");
  return apiKey ? `key ${apiKey}` : `ip ${clientIp(c)}`;
}

const app = new Hono<Env>();

app.use("/api/bucket", rateLimit({ limiter: (c: Context<Env>) => limitersOf(c).bucket, key: keyOf }));
app.use("/api/window", rateLimit({ limiter: (c: Context<Env>) => limitersOf(c).window, key: keyOf }));

// What was decided is the answer here; your own handlers would just answer.
app.get("/api/bucket", (c) => c.json(c.get("rateLimit")));
app.get("/api/window", (c) => c.json(c.get("rateLimit")));

// What the page shows between requests: looked at, nothing taken.
app.get("/api/status", async (c) => {
  const { bucket, window } = limitersOf(c);
  const key = keyOf(c);
  const [bucketNow, windowNow] = await Promise.all([bucket.peek(key), window.peek(key)]);
  return c.json({ key, bucket: bucketNow, window: windowNow }, 200, { "cache-control": "no-store" });
});

export default app;
