import express from "express";
import { createLimiter, redisStore, tokenBucket } from "sluice";
import { rateLimit } from "sluice/node";
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

const app = express();
app.use(rateLimit({ limiter }));
app.get("/", (_request, response) => {
  response.send("Hello from Express\n");
});

const { PORT = 3000 } = process.env;
app.listen(Number(PORT));
