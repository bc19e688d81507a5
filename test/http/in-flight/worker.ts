// The Worker of workerd.test.ts: streams that hold a place each.
import { createLimiter, type InFlightLimiter, inFlight, redisStore } from "sluice";
import { withRateLimit } from "sluice/fetch";
import { upstashClient } from "sluice/upstash";

interface Env {
  readonly URL: string;
  readonly TOKEN: string;
  readonly HOLD_MS: string;
  readonly LIMIT: string;
  readonly NAME: string;
}

let limiter: InFlightLimiter | undefined;

function limiterOf(env: Env): InFlightLimiter {
  limiter ??= createLimiter({
    name: env.NAME,
    store: redisStore(upstashClient({ url: env.URL, token: env.TOKEN })),
    policies: [inFlight({ limit: Number(env.LIMIT), hold: Number(env.HOLD_MS) })],
    failureMode: "closed",
    timeoutMs: 30_000,
  });
  return limiter;
}

/** Some chunks with pauses; without an end where the client is to cut it. */
function chunks(count: number): ReadableStream<Uint8Array> {
  let sent = 0;
  return new ReadableStream({
    async pull(controller) {
      if (sent === count) return controller.close();
      if (sent > 0) await new Promise((resolve) => setTimeout(resolve, 10));
      sent += 1;
      controller.enqueue(new TextEncoder().encode(`chunk ${sent}\n`));
    },
  });
}

const stream = withRateLimit(
  (request: Request, _env: Env, _context: unknown) =>
    new Response(chunks(Number(new URL(request.url).searchParams.get("chunks")))),
  { limiter: (env: Env) => limiterOf(env), key: () => "streams" },
);

export default {
  async fetch(request: Request, env: Env, context: { waitUntil(task: Promise<unknown>): void }): Promise<Response> {
    if (new URL(request.url).pathname === "/free") return Response.json(await limiterOf(env).peek("streams"));
    return stream(request, env, context);
  },
};
