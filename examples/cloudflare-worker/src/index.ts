import { Hono } from "hono";
import { createLimiter, redisStore, slidingWindow, tokenBucket } from "sluice";
import { rateLimit } from "sluice/hono";
import { upstashClient } from "sluice/upstash";

type Bindings = {
  UPSTASH_REDIS_REST_URL: string;
  UPSTASH_REDIS_REST_TOKEN: string;
};

const app = new Hono<{ Bindings: Bindings }>();

app.use(
  "/api/*",
  rateLimit({
    limiter: ({ env }) =>
      createLimiter({
        name: "hello",
        store: redisStore(
          upstashClient({
            url: env.UPSTASH_REDIS_REST_URL,
            token: env.UPSTASH_REDIS_REST_TOKEN,
          }),
        ),
        policies: [
          tokenBucket({ name: "burst", limit: 5, window: "10 s" }),
          slidingWindow({ name: "hourly", limit: 1000, window: "1 h" }),
        ],
      }),
  }),
);

app.get("/", (c) => c.text("Not limited. Try /api/hello\n"));
app.get("/api/hello", (c) =>
  c.json({ hello: "world", decidedBy: c.get("rateLimit")?.source }),
);

export default app;
