import { createLimiter, redisStore, tokenBucket } from "sluice";
import { withRateLimit } from "sluice/fetch";
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

// Bun serves the default export. The second argument is its server.
export default {
  fetch: withRateLimit(
    (_request, _server: unknown) => new Response("Hello from Bun\n"),
    { limiter },
  ),
};
