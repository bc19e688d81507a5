import type { Miniflare } from "miniflare";
import { createLimiter, fixedWindow, redisStore } from "sluice";
import { analytics } from "sluice/analytics";
import { upstashClient } from "sluice/upstash";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { uniqueName } from "../support/redis.ts";
import { startWorker } from "../support/worker.ts";

const [url, token, namespace] = [inject("restUrl"), inject("restToken"), uniqueName()];
let worker: Miniflare;
beforeAll(async () => {
  worker = await startWorker("test/dashboard/worker.ts", { url, token, namespace });
});
afterAll(() => worker.dispose());

const operator = { "x-user": "operator" };

test("in a Worker: mounted, behind its login, with figures and a reset", async () => {
  const redis = upstashClient({ url, token });
  const onEvent = analytics({ redis, namespace });
  const policies = [fixedWindow({ name: "quota", limit: 1, window: "1 d" })];
  const options = { name: "login", store: redisStore(redis, { namespace }), policies, snapshots: false };
  const limiter = createLimiter({ ...options, onEvent });
  for (let i = 0; i < 3; i += 1) await limiter.consume("ada");
  await onEvent.flush();

  expect((await worker.dispatchFetch("https://ops.test/ops/")).status).toBe(403);
  const page = await worker.dispatchFetch("https://ops.test/ops/", { headers: operator });
  const pageToken = /name="sluice-page" content="([\w-]+)"/.exec(await page.text())?.[1] as string;
  const cookie = (page.headers.get("set-cookie") ?? "").split(";")[0] as string;
  const found = await worker.dispatchFetch("https://ops.test/ops/api/figures?hours=6", { headers: operator });
  const figures = (await found.json()) as { limiters: { limiter: string; calls: unknown[] }[] };
  expect(figures.limiters).toMatchObject([
    {
      limiter: "login",
      calls: [
        { policy: "quota", outcome: "allowed", source: "store", count: 1 },
        { policy: "quota", outcome: "denied", source: "store", count: 2 },
      ],
    },
  ]);
  const done = await worker.dispatchFetch("https://ops.test/ops/api/reset", {
    method: "POST",
    body: JSON.stringify({ limiter: "login", key: "ada" }),
    headers: { ...operator, cookie, origin: "https://ops.test", "x-sluice-page": pageToken },
  });
  expect(done.status).toBe(200);
  expect(await limiter.peek("ada")).toMatchObject({ remaining: 1 });
});
