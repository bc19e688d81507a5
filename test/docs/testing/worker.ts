import { createLimiter, redisStore, tokenBucket } from "sluice";
import { withRateLimit } from "sluice/fetch";
import { upstashClient } from "sluice/upstash";

type Env = { URL: string; TOKEN: string; NAMESPACE: string };

export default {
  fetch: withRateLimit((_request: Request, _env: Env) => new Response("served"), {
    limiter: ({ URL, TOKEN, NAMESPACE }) =>
      createLimiter({
        name: "api",
        store: redisStore(upstashClient({ url: URL, token: TOKEN }), { namespace: NAMESPACE }),
        policies: [tokenBucket({ limit: 2, window: "1 h" })],
      }),
    key: (request) => request.headers.get("x-user"),
  }),
};
