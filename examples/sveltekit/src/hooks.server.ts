import { type Handle, json, type RequestEvent } from "@sveltejs/kit";
import { createLimiter, redisStore, tokenBucket } from "sluice";
import { withRateLimit } from "sluice/fetch";
import { upstashClient } from "sluice/upstash";
import { building } from "$app/environment";
import { env } from "$env/dynamic/private";

type Resolve = Parameters<Handle>[0]["resolve"];

const limited = withRateLimit(
  (_request: Request, event: RequestEvent, resolve: Resolve) => resolve(event),
  {
    // Made at the first request: builds run this file and have no database.
    limiter: () =>
      createLimiter({
        name: "hello",
        store: redisStore(
          upstashClient({
            url: env.UPSTASH_REDIS_REST_URL ?? "",
            token: env.UPSTASH_REDIS_REST_TOKEN ?? "",
          }),
        ),
        policies: [tokenBucket({ limit: 5, window: "10 s" })],
      }),
    // A page that is rendered asks this app's own routes by event.fetch.
    skip: (_request, event) => building || event.isSubRequest,
    // A form with use:enhance understands this alone.
    onDenied: (request) => {
      if (!request.headers.has("x-sveltekit-action")) return;
      const error = { message: "Too many requests" };
      return json({ type: "error", error }, { status: 429 });
    },
  },
);

export const handle: Handle = ({ event, resolve }) =>
  limited(event.request, event, resolve);
