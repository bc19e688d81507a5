import { describe, expect, test } from "vitest";
import { fixedWindow } from "../../src/algorithm/policy.ts";
import { createLimiter } from "../../src/limiter/limiter.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { clockAt } from "../support/clock.ts";
import { known } from "../support/known.ts";
import { COUNTERS } from "../support/policies.ts";

const policies = [fixedWindow({ limit: 2, window: "10 s" })];

describe("bounded by maxKeys", () => {
  test("the key used least recently is forgotten", async () => {
    const { now } = clockAt();
    const limiter = createLimiter({
      name: "test",
      store: memoryStore({ maxKeys: 2 }),
      policies,
      now,
      snapshots: false,
    });
    await limiter.consume("a");
    await limiter.consume("b");
    await limiter.peek("a");
    await limiter.consume("c");
    expect(await limiter.peek("a")).toMatchObject({ remaining: 1 });
    expect(await limiter.peek("c")).toMatchObject({ remaining: 1 });
    expect(await limiter.peek("b")).toMatchObject({ remaining: 2 });
  });

  test("keys that were only looked at take no room", async () => {
    const { now } = clockAt();
    const limiter = createLimiter({
      name: "test",
      store: memoryStore({ maxKeys: 2 }),
      policies,
      now,
      snapshots: false,
    });
    await limiter.consume("a");
    await limiter.peek("b");
    await limiter.consume("c", { cost: 9 });
    expect(await limiter.peek("a")).toMatchObject({ remaining: 1 });
  });
});

describe.each(Object.entries(COUNTERS))("%s", (_name, make) => {
  test("a key is forgotten when its quota is whole, not earlier", async () => {
    const clock = clockAt();
    const limiter = createLimiter({
      name: "test",
      store: memoryStore(),
      policies: [make({ limit: 2, window: "10 s" })],
      now: clock.now,
    });
    const { resetAfterMs } = known(await limiter.consume("k", { cost: 2 }));
    clock.ms += resetAfterMs - 1;
    expect((await limiter.peek("k", { cost: 2 })).allowed).toBe(false);
    clock.ms += 1;
    expect(await limiter.peek("k", { cost: 2 })).toMatchObject({ allowed: true, remaining: 2, resetAfterMs: 0 });
  });

  test("a clock of its own counts for every limiter", async () => {
    const clock = clockAt();
    const store = memoryStore({ now: clock.now });
    const limiterAt = (now: () => number) =>
      createLimiter({ name: "test", store, policies: [make({ limit: 2, window: "10 s" })], now });
    const [late, early] = [limiterAt(() => clock.ms + 3_600_000), limiterAt(() => clock.ms - 3_600_000)];
    expect(await late.consume("k")).toMatchObject({ allowed: true, remaining: 1 });
    expect(await early.consume("k")).toMatchObject({ allowed: true, remaining: 0 });
    expect(await late.consume("k")).toMatchObject({ allowed: false });
    clock.ms += 20_000;
    expect(await early.consume("k")).toMatchObject({ allowed: true, remaining: 1 });
  });

  test("a clock set back by more than a key's life forgets it instead of keeping it for too long", async () => {
    const clock = clockAt();
    const limiter = createLimiter({
      name: "test",
      store: memoryStore(),
      policies: [make({ limit: 1, window: "10 s" })],
      now: clock.now,
    });
    await limiter.consume("k");
    clock.ms -= 3_600_000;
    expect(await limiter.consume("k")).toMatchObject({ allowed: true });
  });
});
