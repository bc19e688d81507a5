import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { createLimiter, redisStore, tokenBucket } from "sluice";
import { rateLimit } from "sluice/hono";
import { upstashClient } from "sluice/upstash";

const {
  UPSTASH_REDIS_REST_URL: url = "",
  UPSTASH_REDIS_REST_TOKEN: token = "",
} = process.env;

const limiter = createLimiter({
  name: "hello",
  store: redisStore(upstashClient({ url, token })),
  policies: [tokenBucket({ limit: 5, window: "10 s" })],
});

const app = new Hono()
  .use(rateLimit({ limiter }))
  .get("/", (c) => c.text("Hello from Node\n"));

const { PORT = 3000 } = process.env;
serve({ fetch: app.fetch, port: Number(PORT) });
