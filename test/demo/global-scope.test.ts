import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { expect, inject, test } from "vitest";

// workerd refuses I/O, timers and randomness outside of requests; here a limiter is made there.
const WORKER = `
  import { createLimiter, memoryStore, redisStore, slidingWindow, tokenBucket } from "sluice";
  import { rateLimit } from "sluice/hono";
  import { withRateLimit } from "sluice/fetch";
  import { upstashClient } from "sluice/upstash";
  import { Hono } from "hono";

  const store = redisStore(upstashClient({ url: "REST_URL", token: "REST_TOKEN" }));
  const policies = [tokenBucket({ limit: 1, window: "1 d" }), slidingWindow({ limit: 5, window: "1 d" })];
  const limiter = createLimiter({ store, policies, name: "scope" });
  const inMemory = createLimiter({ name: "test", store: memoryStore(), policies });

  const app = new Hono();
  app.get("/", rateLimit({ limiter, key: () => "one" }), (c) => c.text("passed"));
  app.get("/memory", rateLimit({ limiter: inMemory, key: () => "one" }), (c) => c.text("passed"));
  export default { fetch: withRateLimit(app.fetch, { limiter: inMemory, key: () => null }) };`;

test("limiters made at a Worker's module scope do no I/O there, and limit", async () => {
  const contents = WORKER.replace("REST_URL", inject("restUrl")).replace("REST_TOKEN", inject("restToken"));
  const bundle = await build({
    stdin: { contents, resolveDir: fileURLToPath(new URL("../..", import.meta.url)) },
    bundle: true,
    write: false,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions: ["workerd", "worker"],
  });
  const script = bundle.outputFiles[0]?.text ?? "";
  const worker = new Miniflare({ modules: true, script, compatibilityDate: "2026-04-20", cf: false });
  try {
    for (const path of ["/", "/memory"]) {
      expect((await worker.dispatchFetch(`http://worker${path}`)).status).toBe(200);
      expect((await worker.dispatchFetch(`http://worker${path}`)).status).toBe(429);
    }
  } finally {
    await worker.dispose();
  }
});
