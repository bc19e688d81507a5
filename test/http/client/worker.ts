// The limited Worker of workerd.test.ts: two quotas that are counted in the isolate.
import { createLimiter, memoryStore, tokenBucket } from "sluice";
import { withRateLimit } from "sluice/fetch";

/** 60 per second, in windows of 5 s. */
const options = { name: "shared", limit: 300, window: "5 s" } as const;

const served = () =>
  withRateLimit((_request: Request) => new Response("served"), {
    limiter: () => createLimiter({ name: "crowd", store: memoryStore(), policies: [tokenBucket(options)] }),
    key: () => "all",
  });

const paths: Record<string, (request: Request) => Promise<Response>> = {
  "/bucket": served(),
  "/bucket-plain": served(),
};

export default {
  fetch: (request: Request) => paths[new URL(request.url).pathname]?.(request) ?? new Response(null, { status: 404 }),
};
