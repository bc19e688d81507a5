import { createLimiter, redisStore, tokenBucket } from "sluice";
import { withRateLimit } from "sluice/fetch";
import { upstashClient } from "sluice/upstash";

interface Env {
  UPSTASH_REDIS_REST_URL: string;
  UPSTASH_REDIS_REST_TOKEN: string;
}

function hello(_request: Request, _env: Env): Response {
  return new Response("Hello from a Worker\n");
}

export default {
  fetch: withRateLimit(hello, {
    limiter: (env) =>
      createLimiter({
        name: "hello",
        store: redisStore(
          upstashClient({
            url: env.UPSTASH_REDIS_REST_URL,
            token: env.UPSTASH_REDIS_REST_TOKEN,
          }),
        ),
        policies: [tokenBucket({ limit: 5, window: "10 s" })],
      }),
  }),
};
