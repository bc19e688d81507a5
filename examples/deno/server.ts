import { createLimiter, redisStore, tokenBucket } from "sluice";
import { withRateLimit } from "sluice/fetch";
import { upstashClient } from "sluice/upstash";

const url = Deno.env.get("UPSTASH_REDIS_REST_URL") ?? "";
const token = Deno.env.get("UPSTASH_REDIS_REST_TOKEN") ?? "";

const limiter = createLimiter({
  name: "hello",
  store: redisStore(upstashClient({ url, token })),
  policies: [tokenBucket({ limit: 5, window: "10 s" })],
});

const hello = (_request: Request, _info: Deno.ServeHandlerInfo) =>
  new Response("Hello from Deno\n");

Deno.serve(
  { port: Number(Deno.env.get("PORT") ?? 3000) },
  withRateLimit(hello, { limiter }),
);
