import { type NextRequest, NextResponse } from "next/server";
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

export const config = { matcher: "/api/:path*" };

export const proxy = withRateLimit(
  (_request: NextRequest) => NextResponse.next(),
  {
    limiter,
  },
);
