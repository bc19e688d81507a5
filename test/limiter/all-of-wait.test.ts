import { expect, test } from "vitest";
import { tokenBucket } from "../../src/algorithm/policy.ts";
import type { DecisionEvent, LimiterEvent } from "../../src/core/event.ts";
import { allOf } from "../../src/limiter/all-of.ts";
import { createLimiter } from "../../src/limiter/limiter.ts";
import { memoryStore } from "../../src/store/memory.ts";

test("after a wait no part tells a delay any more, as the whole doesn't", async () => {
  const events: DecisionEvent[] = [];
  const onEvent = (event: LimiterEvent) => void (event.type === "decision" && events.push(event));
  const store = memoryStore();
  const limiterOf = (name: string, limit: number) =>
    createLimiter({ name, store, policies: [tokenBucket({ limit, window: "1 s" })], onEvent });
  const all = allOf({ org: limiterOf("org", 100), user: limiterOf("user", 20) });
  const key = { org: "acme", user: "ada" };
  await all.consume(key, { cost: 20 });
  const lent = await all.consume(key, { maxDelayMs: 1000 });
  expect(lent.delayMs).toBeGreaterThan(0);
  const waited = await all.wait(key, { timeoutMs: 1000 });
  expect(waited).toMatchObject({
    allowed: true,
    delayMs: 0,
    parts: { org: { allowed: true, delayMs: 0 }, user: { allowed: true, delayMs: 0 } },
  });
  expect(events.filter(({ operation }) => operation === "wait").map(({ decision }) => decision.delayMs)).toEqual([
    0, 0,
  ]);
  const free = await all.wait(key, { timeoutMs: 1000, limit: { org: Infinity } });
  expect(JSON.parse(JSON.stringify(free)).parts.org).toMatchObject({ delayMs: 0, retryAfterMs: 0 });
  expect(JSON.stringify(free)).not.toContain("null");
});
