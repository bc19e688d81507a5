import { upstashClient } from "sluice/upstash";
import { expect, inject, test } from "vitest";
import { uniqueName } from "../support/redis.ts";
import { createApi } from "./changing-limits.ts";

const redis = upstashClient({ url: inject("restUrl"), token: inject("restToken") });

test("a customer's limit and an emergency for all others hold in the next isolate, and keep what was used", async () => {
  const namespace = uniqueName();
  const { limiter, give, saveLoad } = createApi(redis, namespace);
  await limiter.consume("acme", { cost: 400 });
  await give("acme", 5000, "ann");
  await saveLoad("bob");
  const next = createApi(redis, namespace).limiter;
  expect(await next.consume("acme")).toMatchObject({ allowed: true, limit: 5000, remaining: 4599 });
  expect(await next.consume("other", { cost: 100 })).toMatchObject({ allowed: true, limit: 100, remaining: 0 });
  expect(await next.consume("other")).toMatchObject({ allowed: false });
});
