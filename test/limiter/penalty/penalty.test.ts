import { createLimiter, type Decision, fixedWindow, type LimiterEvent, memoryStore, penalty, redisStore } from "sluice";
import { afterAll, describe, expect, inject, test } from "vitest";
import { MIDNIGHT } from "../../support/clock.ts";
import { connect, lastingClientOf, uniqueName } from "../../support/redis.ts";

const redis = await connect(inject("redisUrl"));
afterAll(() => redis.disconnect());

const STORES = { memory: () => memoryStore(), redis: () => redisStore(lastingClientOf(redis)) };

describe.each(Object.entries(STORES))("%s", (_name, storeOf) => {
  function rig() {
    const clock = { time: MIDNIGHT };
    const events: LimiterEvent[] = [];
    const limiter = createLimiter({
      name: uniqueName(),
      store: storeOf(),
      policies: [fixedWindow({ limit: 2, window: "1 m" }), penalty({ after: 3, within: "10 m", for: "1 h" })],
      now: () => clock.time,
      onEvent: (event) => events.push(event),
    });
    return { clock, events, limiter };
  }

  test("after so many denials all is denied for that time", async () => {
    const { clock, limiter, events } = rig();
    const said: (string | number)[] = [];
    for (let n = 0; n < 6; n += 1) {
      const decision: Decision = await limiter.consume("a");
      said.push(decision.allowed ? "yes" : decision.policy, decision.retryAfterMs);
      clock.time += 1000;
    }
    const quota = "2-per-1m";
    expect(said).toEqual([
      "yes",
      0,
      "yes",
      0,
      quota,
      58_000,
      quota,
      57_000,
      "blocked",
      3_600_000,
      "blocked",
      3_599_000,
    ]);
    const until = MIDNIGHT + 4000 + 3_600_000;
    expect(await limiter.peek("a")).toEqual({
      allowed: false,
      policy: "blocked",
      blockedUntil: until,
      retryAfterMs: 3_598_000,
      delayMs: 0,
      source: "penalty",
    });
    const blocks = events.filter((event) => event.type === "decision" && event.operation === "block");
    expect(blocks).toHaveLength(1);
    expect(blocks[0]).toMatchObject({ key: "a", decision: { policy: "blocked", blockedUntil: until } });
    clock.time = until - 1;
    expect((await limiter.consume("a")).allowed).toBe(false);
    clock.time = until;
    expect((await limiter.consume("a")).allowed).toBe(true);
  });
});
