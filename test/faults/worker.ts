// A Worker whose limiters live in module scope, as they should: one for each failure mode without a breaker, to meet
// one fault at a time, and a shared one with everything on.
import { createLimiter, type FailureMode, type Limiter, redisStore, tokenBucket } from "sluice";
import { upstashClient } from "sluice/upstash";

interface Env {
  readonly URL: string;
  readonly TOKEN: string;
}

const limiters = new Map<string, Limiter>();
let unhandled = 0;
addEventListener("unhandledrejection", () => {
  unhandled += 1;
});

function limiterFor(env: Env, parameters: URLSearchParams): Limiter {
  const failureMode = parameters.get("mode") as FailureMode;
  const breaker = parameters.has("breaker");
  const timeoutMs = Number(parameters.get("timeoutMs"));
  const name = `${failureMode} ${timeoutMs} ${breaker}`;
  const known = limiters.get(name);
  if (known) return known;
  const limiter = createLimiter({
    name: "test",
    store: redisStore(upstashClient({ url: env.URL, token: env.TOKEN })),
    policies: [tokenBucket({ limit: 10, window: "1 d" })],
    snapshots: false,
    failureMode,
    timeoutMs,
    breaker: breaker && { failures: 3, pauseMs: 100, maxPauseMs: 200 },
  });
  limiters.set(name, limiter);
  return limiter;
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/unhandled") return Response.json(unhandled);
    const decision = limiterFor(env, searchParams).consume(searchParams.get("key") ?? "");
    // This request ends before its check does, and takes its I/O with it.
    if (searchParams.has("leave")) return new Response("left");
    const { error, ...rest } = await decision;
    const printed = error && `${error} ${error.stack} ${JSON.stringify(error)}`;
    return Response.json({ ...rest, error: error && { kind: error.kind, printed } });
  },
};
