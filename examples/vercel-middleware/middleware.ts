import { Redis } from "@upstash/redis";
import { next } from "@vercel/functions/middleware";
import { createLimiter, redisStore, tokenBucket } from "sluice";
import { withRateLimit } from "sluice/fetch";

// Nothing is sent twice, and no request waits for another's.
const redis = Redis.fromEnv({ retry: false, enableAutoPipelining: false });

const limiter = createLimiter({
  name: "hello",
  store: redisStore(redis),
  policies: [tokenBucket({ limit: 5, window: "10 s" })],
});

export const config = { matcher: "/api/:path*" };

export default withRateLimit((_request: Request) => next(), {
  limiter,
});
