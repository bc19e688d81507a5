// The Worker of workerd.test.ts. Its clock is the request's, so that no test has to wait.
import { createLimiter, fixedWindow, redisStore, rules } from "sluice";
import { withRateLimit } from "sluice/fetch";
import { upstashClient } from "sluice/upstash";

interface Env {
  readonly URL: string;
  readonly TOKEN: string;
  readonly NAMESPACE: string;
}

let now = 0;

const limited = withRateLimit((_request: Request, _env: Env, _ctx: unknown) => new Response("served"), {
  limiter({ URL, TOKEN, NAMESPACE }: Env) {
    const redis = upstashClient({ url: URL, token: TOKEN });
    return createLimiter({
      name: "api",
      store: redisStore(redis, { namespace: NAMESPACE }),
      policies: [fixedWindow({ name: "quota", limit: 2, window: "1 d" })],
      rules: rules({ redis, namespace: NAMESPACE }),
      snapshots: { maxAgeMs: 3_600_000 },
      now: () => now,
    });
  },
  key: (request) => request.headers.get("x-key"),
  blockedStatus: 403,
});

export default {
  fetch(request: Request, env: Env, ctx: unknown) {
    now = Number(request.headers.get("x-now"));
    return limited(request, env, ctx);
  },
};
