import { describe, expect, test } from "vitest";
import { fixedWindow, slidingLog, slidingWindow, tokenBucket } from "../../src/algorithm/policy.ts";
import { createLimiter, type Limiter } from "../../src/limiter/limiter.ts";
import { createSnapshots, type Snapshot } from "../../src/limiter/snapshots.ts";
import type { RemoteStore } from "../../src/store/store.ts";
import { clockAt } from "../support/clock.ts";
import { simulatedRedis } from "../support/simulated-redis.ts";

const policies = [fixedWindow({ limit: 2, window: "1 m" })];

describe("what is kept", () => {
  const snapshot = (askedAt: number): Snapshot => ({ state: [askedAt, 1], limits: "", askedAt });

  test("500 one-second denials are gone once anything is asked after twice maxAgeMs", () => {
    const snapshots = createSnapshots({ maxKeys: 10_000, maxAgeMs: 5000 });
    for (let i = 0; i < 500; i += 1) {
      expect(snapshots.get(`k${i}`, 0)).toBeUndefined();
      snapshots.set(`k${i}`, snapshot(0), snapshots.turn(), 1000);
    }
    expect(snapshots.size).toBe(500);
    expect(snapshots.get("k499", 999)).toEqual(snapshot(0));
    for (const now of [5000, 10_000]) expect(snapshots.get("other", now)).toBeUndefined();
    expect(snapshots.size).toBe(0);
  });

  test("no more than maxKeys; the half used last stays", () => {
    const snapshots = createSnapshots({ maxKeys: 4, maxAgeMs: 5000 });
    snapshots.get("a", 0);
    for (const key of ["a", "b", "c", "d"]) snapshots.set(key, snapshot(0), snapshots.turn(), 1000);
    expect(snapshots.get("a", 1)).toBeDefined();
    for (const key of ["e", "f", "g"]) {
      snapshots.set(key, snapshot(0), snapshots.turn(), 1000);
      expect(snapshots.size).toBeLessThanOrEqual(4);
    }
    for (const key of ["b", "c"]) expect(snapshots.get(key, 1)).toBeUndefined();
    for (const key of ["f", "g"]) expect(snapshots.get(key, 1)).toBeDefined();
  });

  test("no longer than maxAgeMs, and not past a clock set back", () => {
    const snapshots = createSnapshots({ maxKeys: 3, maxAgeMs: 50 });
    snapshots.set("k", snapshot(1000), snapshots.turn(), 9000);
    expect(snapshots.get("k", 1049)).toBeDefined();
    expect(snapshots.get("k", 1050)).toBeUndefined();
    snapshots.set("k", snapshot(1000), snapshots.turn(), 9000);
    expect(snapshots.get("k", 999)).toBeUndefined();
  });

  test("the answer to the call made last, in whatever order answers come", () => {
    const snapshots = createSnapshots({ maxKeys: 3, maxAgeMs: 5000 });
    const [first, second] = [snapshots.turn(), snapshots.turn()];
    snapshots.set("k", snapshot(20), second, 1000);
    snapshots.set("k", snapshot(10), first, 1000);
    expect(snapshots.get("k", 30)?.askedAt).toBe(20);
  });

  test("clear also drops what calls under way will have seen", () => {
    const snapshots = createSnapshots({ maxKeys: 3, maxAgeMs: 5000 });
    const before = snapshots.turn();
    snapshots.clear("k", 10);
    snapshots.set("k", snapshot(5), before, 1000);
    expect(snapshots.get("k", 20)).toBeUndefined();
    snapshots.set("k", snapshot(15), snapshots.turn(), 1000);
    expect(snapshots.get("k", 20)).toBeDefined();
  });

  test.each([
    ["is of no use", 0],
    ["has ended", 5],
  ])("clear drops it even after a later answer that %s", (_what, usefulMs) => {
    const snapshots = createSnapshots({ maxKeys: 3, maxAgeMs: 5000 });
    const before = snapshots.turn();
    snapshots.clear("k", 10);
    snapshots.set("k", snapshot(11), snapshots.turn(), usefulMs);
    expect(snapshots.get("k", 20)).toBeUndefined();
    snapshots.set("k", snapshot(9), before, 9000);
    expect(snapshots.get("k", 21)).toBeUndefined();
    for (const now of [5020, 10_020]) snapshots.get("other", now);
    expect(snapshots.size).toBe(0);
  });
});

function isolates(
  count: number,
  store: RemoteStore,
  now: () => number,
  snapshots: { maxAgeMs: number } | boolean = true,
) {
  return Array.from({ length: count }, () => createLimiter({ name: "test", store, policies, now, snapshots })) as [
    Limiter,
    Limiter,
  ];
}

describe("a limiter's snapshots", () => {
  test("an allowed answer that leaves nothing denies the next call, without asking", async () => {
    const clock = clockAt();
    const store = simulatedRedis(clock.now);
    const [limiter] = isolates(1, store, clock.now);
    expect(await limiter.consume("k", { cost: 2 })).toMatchObject({ allowed: true, source: "store" });
    clock.ms += 1000;
    const denied = { allowed: false, source: "snapshot", remaining: 0, retryAfterMs: 59_000, resetAfterMs: 59_000 };
    expect(await limiter.consume("k")).toMatchObject(denied);
    expect(await limiter.peek("k")).toMatchObject(denied);
    expect(store.asked).toBe(1);
    // A smaller cost may pass, so it is asked for.
    expect(await limiter.consume("k", { cost: 0 })).toMatchObject({ allowed: true, source: "store" });
  });

  test("a cost that the last denial leaves room for is asked for, a larger one is not", async () => {
    const clock = clockAt();
    const store = simulatedRedis(clock.now);
    const limiter = createLimiter({
      name: "test",
      store,
      policies: [tokenBucket({ limit: 10, window: "10 s" })],
      now: clock.now,
    });
    await limiter.consume("k", { cost: 4 });
    expect(await limiter.consume("k", { cost: 7 })).toMatchObject({ source: "store", retryAfterMs: 1000 });
    expect(await limiter.consume("k", { cost: 8 })).toMatchObject({ source: "snapshot", retryAfterMs: 2000 });
    expect(await limiter.consume("k", { cost: 6 })).toMatchObject({ allowed: true, source: "store" });
    expect(store.asked).toBe(3);
  });

  test("it stops denying the millisecond the cost passes", async () => {
    const clock = clockAt();
    const store = simulatedRedis(clock.now);
    const limiter = createLimiter({
      name: "test",
      store,
      policies: [slidingWindow({ limit: 10, window: "1 s" })],
      now: clock.now,
    });
    await limiter.consume("k", { cost: 10 });
    clock.ms += 1099;
    expect(await limiter.consume("k")).toMatchObject({ allowed: false, source: "snapshot", retryAfterMs: 1 });
    clock.ms += 1;
    expect(await limiter.consume("k")).toMatchObject({ allowed: true, source: "store" });
  });

  test("own reset, refund and another limit are asked for at once", async () => {
    const clock = clockAt();
    const [limiter] = isolates(1, simulatedRedis(clock.now), clock.now);
    const spend = async () => {
      await limiter.reset("k");
      await limiter.consume("k", { cost: 2 });
      expect(await limiter.consume("k")).toMatchObject({ allowed: false, source: "snapshot" });
    };
    await spend();
    await limiter.reset("k");
    expect(await limiter.consume("k")).toMatchObject({ allowed: true, remaining: 1 });
    await spend();
    await limiter.refund("k", 1);
    expect(await limiter.consume("k")).toMatchObject({ allowed: true, remaining: 0 });
    await spend();
    expect(await limiter.consume("k", { limit: 3 })).toMatchObject({ allowed: true, source: "store" });
  });

  test.each(["refund", "reset"] as const)(
    "an answer that was under way when a %s came back is not kept",
    async (way) => {
      const clock = clockAt();
      const store = simulatedRedis(clock.now);
      const replies: (() => void)[] = [];
      const held: RemoteStore = {
        ...store,
        async step(request, signal) {
          const reply = await store.step(request, signal);
          await new Promise<void>((resolve) => replies.push(resolve));
          return reply;
        },
      };
      const limiter = createLimiter({ name: "test", store: held, policies, now: clock.now, timeoutMs: 60_000 });
      const first = limiter.consume("k", { cost: 2 });
      const givenBack = way === "reset" ? limiter.reset("k") : limiter.refund("k", 2);
      await expect.poll(() => replies.length).toBe(way === "reset" ? 1 : 2);
      replies[1]?.();
      await givenBack;
      replies[0]?.();
      expect(await first).toMatchObject({ allowed: true, remaining: 0 });
      const next = limiter.consume("k");
      await expect.poll(() => replies.length).toBe(way === "reset" ? 2 : 3);
      replies.at(-1)?.();
      expect(await next).toMatchObject({ allowed: true, source: "store" });
    },
  );

  test.each(["refund", "reset"] as const)("another isolate's %s is seen after maxAgeMs at the latest", async (way) => {
    const clock = clockAt();
    const [here, there] = isolates(2, simulatedRedis(clock.now), clock.now, { maxAgeMs: 3000 });
    await here.consume("k", { cost: 2 });
    await (way === "reset" ? there.reset("k") : there.refund("k", 2));
    clock.ms += 2999;
    expect(await here.consume("k")).toMatchObject({ allowed: false, source: "snapshot" });
    clock.ms += 1;
    expect(await here.consume("k")).toMatchObject({ allowed: true, source: "store" });
  });

  test("denials don't make a snapshot last longer", async () => {
    const clock = clockAt();
    const [here, there] = isolates(2, simulatedRedis(clock.now), clock.now);
    await here.consume("k", { cost: 2 });
    await there.reset("k");
    let denied = 0;
    for (let ms = 0; ms < 6000; ms += 100) {
      clock.ms += 100;
      if (!(await here.consume("k")).allowed) denied += 1;
      else break;
    }
    expect(denied).toBe(49);
  });

  test("switched off, every call is asked for", async () => {
    const clock = clockAt();
    const store = simulatedRedis(clock.now);
    const [limiter] = isolates(1, store, clock.now, false);
    for (let i = 0; i < 5; i += 1) expect(await limiter.consume("k", { cost: 2 })).toMatchObject({ source: "store" });
    expect(store.asked).toBe(5);
  });

  test("keys, limiters and prefixes don't see each other's", async () => {
    const clock = clockAt();
    const store = simulatedRedis(clock.now);
    const [limiter, other] = isolates(2, store, clock.now);
    await limiter.consume("k", { cost: 2 });
    expect(await limiter.consume("l", { cost: 2 })).toMatchObject({ allowed: true });
    expect(await other.consume("k")).toMatchObject({ allowed: false, source: "store" });
    const apart = createLimiter({ store, policies, now: clock.now, name: "apart" });
    expect(await apart.consume("k")).toMatchObject({ allowed: true });
  });
});

test("of a log that has outlived what a reply tells of it, no denial makes up counts, not even of a cost that never passes", async () => {
  const clock = clockAt();
  const limiter = createLimiter({
    name: "log",
    store: simulatedRedis(clock.now),
    policies: [slidingLog({ limit: 12, window: 1000 })],
    now: clock.now,
  });
  for (let i = 0; i < 12; i += 1) {
    await limiter.consume("k");
    clock.ms += 10;
  }
  expect(await limiter.consume("k")).toMatchObject({ allowed: false, remaining: 0 });
  // Ten of the twelve have left, and the isolate knew of nine.
  clock.ms += 970;
  expect(await limiter.consume("k", { cost: 13 })).toMatchObject({ allowed: false, remaining: 10, source: "store" });
});
