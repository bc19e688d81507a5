import { allOf, createLimiter, fixedWindow, slidingLog, slidingWindow, tokenBucket } from "sluice";
import { withRateLimit } from "sluice/fetch";
import { exhaust, outageStore, testClock, testStore } from "sluice/testing";
import { limiterMatchers } from "sluice/testing/vitest";
import { describe, expect, test } from "vitest";

expect.extend(limiterMatchers);

const hourly = { name: "hourly", limit: 5, window: "1 h" } as const;

function limited(policies = [tokenBucket({ name: "burst", limit: 2, window: "10 s" }), slidingWindow(hourly)]) {
  const clock = testClock();
  const store = testStore();
  return { clock, store, limiter: createLimiter({ name: "api", store, policies, now: clock.now }) };
}

describe("testClock", () => {
  test("starts at a midnight and moves when told to", () => {
    const { now, advance } = testClock();
    expect(new Date(now()).toISOString()).toBe("2026-01-01T00:00:00.000Z");
    advance("1 h");
    advance(1);
    expect(new Date(now()).toISOString()).toBe("2026-01-01T01:00:00.001Z");
    expect(testClock(5).now()).toBe(5);
  });

  test("misuse", () => {
    expect(() => testClock(-1)).toThrow("start must be a whole number from 0 to 4398046511103, not -1");
    expect(() => testClock().advance("soon" as never)).toThrow("duration must be milliseconds or a whole number");
    expect(() => testClock().advance(-5)).toThrow("duration must be a whole number from 1");
  });
});

describe("testStore", () => {
  test("tells whose keys hold something, how often it was asked, and forgets", async () => {
    const { store, limiter } = limited();
    await limiter.peek("nobody");
    await limiter.consume("alice");
    await limiter.consume("bob");
    expect([store.keys(), store.asked]).toEqual([["api:b10s+s1h:alice", "api:b10s+s1h:bob"], 3]);
    await limiter.reset("alice");
    expect(store.keys()).toEqual(["api:b10s+s1h:bob"]);
    store.clear();
    expect([store.keys(), store.asked]).toEqual([[], 0]);
    expect(await limiter.peek("bob")).toMatchObject({ policies: [{ remaining: 2 }, { remaining: 5 }] });
  });

  test("decides several limiters at once", async () => {
    const { store, clock } = limited();
    const levelOf = (name: string) =>
      createLimiter({ name, store, policies: [fixedWindow({ limit: 1, window: "1 m" })], now: clock.now });
    const both = allOf({ a: levelOf("a"), b: levelOf("b") });
    expect((await both.consume({ a: "x", b: "y" })).allowed).toBe(true);
    expect((await both.consume({ a: "x", b: "z" })).allowed).toBe(false);
    expect(store.keys()).toEqual(["a:f1m:x", "b:f1m:y"]);
  });
});

describe("exhaust", () => {
  test.each([
    ["a bucket", () => [tokenBucket({ name: "a", limit: 7, window: "10 s" })]],
    ["a window", () => [fixedWindow({ name: "a", limit: 7, window: "10 s" })]],
    ["a log", () => [slidingLog({ name: "a", limit: 7, window: "10 s" })]],
  ])("uses %s up, whatever was left", async (_, policies) => {
    const { limiter } = limited(policies() as never);
    await limiter.consume("k", { cost: 3 });
    const told = await exhaust(limiter, "k");
    expect(told).toBeDenied({ policy: "a" });
    expect(await limiter.consume("k")).toBeDenied({ retryAfterMs: told.retryAfterMs });
    expect(await exhaust(limiter, "k")).toEqual(told);
    expect(await limiter.consume("other")).toBeAllowed();
  });

  test("of several policies uses up the scarcest, or the one that is named", async () => {
    const { limiter } = limited();
    expect(await exhaust(limiter, "k")).toBeDenied({ policy: "burst" });
    const told = await exhaust(limiter, "other", { policy: "hourly" });
    expect(told).toBeDenied({ policy: "hourly" });
    expect(told).toHaveRemaining(2, "burst");
    expect(await limiter.consume("other")).toBeDenied({ policy: "hourly" });
  });

  test("goes by the limits of a call", async () => {
    const { limiter } = limited();
    await exhaust(limiter, "k", { limit: { burst: 1 } });
    expect(await limiter.consume("k", { limit: { burst: 1 } })).toBeDenied();
    expect(await limiter.consume("k")).toBeAllowed();
  });

  test("says why it can't", async () => {
    const { limiter } = limited();
    await expect(exhaust(limiter, "k", { limit: Infinity })).rejects.toThrow("no policy of burst, hourly limits api");
    await expect(exhaust(limiter, "k", { policy: "daily" })).rejects.toThrow("daily of burst, hourly limits api");
    const away = createLimiter({ name: "away", store: outageStore(), policies: [slidingWindow(hourly)] });
    await expect(exhaust(away, "k")).rejects.toMatchObject({
      message: "The store could not be asked",
      cause: { kind: "network" },
    });
  });
});

describe("outageStore", () => {
  test.each(["network", "timeout", "auth", "reply"] as const)(
    "is down by %s until it is told to be well",
    async (kind) => {
      const store = outageStore(kind);
      const { now } = testClock();
      const limiter = createLimiter({ name: "a", store, policies: [slidingWindow(hourly)], now, breaker: false });
      expect(await limiter.consume("k")).toMatchObject({ allowed: true, source: "fallback", error: { kind } });
      await expect(limiter.reset("k")).rejects.toMatchObject({ kind });
      store.isDown = false;
      expect(await limiter.consume("k", { cost: 5 })).toMatchObject({ allowed: true, source: "store", remaining: 0 });
      expect(await limiter.consume("k")).toMatchObject({ allowed: false, source: "snapshot" });
      await limiter.reset("k");
      expect(await limiter.peek("k")).toHaveRemaining(5);
      store.isDown = true;
      expect(await limiter.consume("k")).toMatchObject({ source: "fallback" });
    },
  );
});

describe("limiterMatchers", () => {
  test("pass, and say what they found where they don't", async () => {
    const { limiter } = limited();
    const allowed = await limiter.consume("k");
    const denied = await exhaust(limiter, "k");
    expect(allowed).toBeAllowed();
    expect(allowed).not.toBeDenied();
    expect(allowed).toHaveRemaining(1);
    expect(allowed).toHaveRemaining(4, "hourly");
    expect(denied).toBeDenied({ policy: "burst", retryAfterMs: 5000 });
    expect(denied).not.toBeDenied({ policy: "hourly" });
    expect(denied).not.toBeDenied({ retryAfterMs: 1 });
    const failures: [() => void, string][] = [
      [
        () => expect(denied).toBeAllowed(),
        "expected to be allowed, and found: denied by burst for 5000 ms (source store)",
      ],
      [() => expect(allowed).not.toBeAllowed(), "expected not to be allowed, and found: allowed (source store)"],
      [
        () => expect(allowed).toBeDenied({ policy: "burst" }),
        'expected to be denied, policy "burst", and found: allowed',
      ],
      [() => expect(allowed).toHaveRemaining(5), "expected to have 5 left, and found: 1 left of burst"],
      [
        () => expect(allowed).toHaveRemaining(5, "daily"),
        "expected to have 5 left of daily, and found: nothing known of it",
      ],
    ];
    for (const [failing, message] of failures) expect(failing).toThrow(message);
  });

  test("read responses", async () => {
    const { limiter } = limited();
    const handler = withRateLimit(() => new Response("served"), { limiter, key: () => "k" });
    const ask = () => handler(new Request("https://api.test/"));
    expect(await ask()).not.toBeRateLimited();
    await exhaust(limiter, "k");
    const response = await ask();
    expect(response).toBeRateLimited({ policy: "burst", retryAfter: 5 });
    expect(response).not.toBeRateLimited({ policy: "daily" });
    expect(() => expect(response).toBeRateLimited({ retryAfter: 4 })).toThrow(
      "expected to be limited, retryAfter 4, and found: status 429, Retry-After 5, RateLimit",
    );
  });
});
