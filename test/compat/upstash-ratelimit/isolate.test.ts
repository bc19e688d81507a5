import { Redis } from "@upstash/redis";
import { afterEach, beforeEach, describe, expect, inject, vi } from "vitest";
import { both, checks, differ, passed, ten } from "./packages.ts";

/** What this isolate knows without asking Redis. */

const START = Date.UTC(2040, 0, 5);

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"], now: START }));
afterEach(() => void vi.useRealTimers());

/** A client that counts its requests for scripts, and sends each by itself. */
function counting() {
  const own = new Redis({ url: inject("restUrl"), token: inject("restToken"), enableAutoPipelining: false });
  const evalsha = vi.spyOn(own, "evalsha");
  return { own, requests: () => evalsha.mock.calls.length };
}

describe("denials", () => {
  both("are known without a request, and say so", async (given) => {
    const { own, requests } = counting();
    const ratelimit = given.make(ten(given, "tokenBucket"), { redis: own });
    const responses = await checks(ratelimit, "alice", 21);
    expect(passed(responses)).toBe(10);
    expect(responses.at(-1)).toMatchObject({ success: false, reason: "cacheBlock", remaining: 0 });
    expect(requests()).toBeLessThanOrEqual(12);
  });

  differ(
    { theirs: "the first asks Redis", ours: "none asks Redis where the last that passed took all" },
    async (given) => {
      const { own, requests } = counting();
      // So that the script is known.
      await checks(given.make(ten(given, "slidingWindow"), { redis: own }), "bob", 1);
      const before = requests();
      await checks(given.make(ten(given, "slidingWindow"), { redis: own }), "alice", 15);
      return requests() - before;
    },
    { theirs: (asked) => expect(asked).toBe(11), ours: (asked) => expect(asked).toBe(10) },
  );

  both("ask Redis each time with ephemeralCache false", async (given) => {
    const { own, requests } = counting();
    const ratelimit = given.make(ten(given, "slidingWindow"), { redis: own, ephemeralCache: false });
    const responses = await checks(ratelimit, "alice", 15);
    expect(passed(responses)).toBe(10);
    expect(responses.slice(10).map(({ reason }) => reason)).toEqual(Array(5).fill(undefined));
    expect(requests()).toBeGreaterThanOrEqual(15);
  });

  both("are known by every limiter that was given the same map, and by those alone", async (given) => {
    const map = new Map<string, number>();
    const make = (ephemeralCache?: Map<string, number>) =>
      given.make(ten(given, "fixedWindow"), ephemeralCache ? { ephemeralCache } : {});
    await checks(make(map), "alice", 10);
    await checks(make(map), "alice", 1);
    expect(await make(map).limit("alice")).toMatchObject({ success: false, reason: "cacheBlock", limit: 10 });
    expect((await make().limit("alice")).reason).toBeUndefined();
    expect(map.get(`${given.prefix}:alice`)).toBe(START + 600_000);
    vi.setSystemTime(START + 600_001);
    expect(await make(map).limit("alice")).toMatchObject({ success: true });
  });

  both("a map's owner may make some", async (given) => {
    const ephemeralCache = new Map([[`${given.prefix}:mallory`, START + 60_000]]);
    const ratelimit = given.make(ten(given, "slidingWindow"), { ephemeralCache });
    expect(await ratelimit.limit("mallory")).toMatchObject({ success: false, reason: "cacheBlock" });
    vi.setSystemTime(START + 60_001);
    expect(await ratelimit.limit("mallory")).toMatchObject({ success: true });
  });

  both("a refund and a reset end those of a map", async (given) => {
    const ratelimit = given.make(ten(given, "fixedWindow"), { ephemeralCache: new Map() });
    for (const free of [() => ratelimit.limit("alice", { rate: -3 }), () => ratelimit.resetUsedTokens("alice")]) {
      await checks(ratelimit, "alice", 12);
      expect(await ratelimit.limit("alice")).toMatchObject({ success: false, reason: "cacheBlock" });
      await free();
      expect(await ratelimit.limit("alice")).toMatchObject({ success: true });
    }
  });

  differ(
    { theirs: "that ended stay in the map", ours: "that ended leave the map as it grows" },
    async (given) => {
      const map = new Map<string, number>();
      const ratelimit = given.make(given.Ratelimit.fixedWindow(0, "1 s"), { ephemeralCache: map });
      for (let window = 0; window < 3; window += 1) {
        vi.setSystemTime(START + window * 2000);
        await Promise.all(Array.from({ length: 700 }, (_each, i) => ratelimit.limit(`${window} ${i}`)));
      }
      return map.size;
    },
    { theirs: (size) => expect(size).toBe(2100), ours: (size) => expect(size).toBeLessThan(1100) },
  );

  differ(
    { theirs: "outlast a reset by another isolate", ours: "end five seconds after a reset by another isolate" },
    async (given) => {
      const make = () => given.make(ten(given, "fixedWindow"));
      const isolate = make();
      await checks(isolate, "alice", 12);
      await make().resetUsedTokens("alice");
      vi.setSystemTime(START + 5001);
      return (await isolate.limit("alice")).success;
    },
    { theirs: (success) => expect(success).toBe(false), ours: (success) => expect(success).toBe(true) },
  );
});

describe("cachedFixedWindow", () => {
  both("needs a cache", async (given) => {
    const ratelimit = given.make(ten(given, "cachedFixedWindow"), { ephemeralCache: false });
    await expect(ratelimit.limit("alice")).rejects.toThrow("This algorithm requires a cache");
    await expect(ratelimit.getRemaining("alice")).rejects.toThrow("This algorithm requires a cache");
    await expect(ratelimit.resetUsedTokens("alice")).rejects.toThrow("This algorithm requires a cache");
  });

  both("answers most requests of a busy identifier without waiting for Redis", async (given) => {
    const { own, requests } = counting();
    const ratelimit = given.make(given.Ratelimit.cachedFixedWindow(100_000, "1 d"), { redis: own });
    let waited = 0;
    for (let i = 0; i < 300; i += 1) {
      vi.setSystemTime(START + 5 * i);
      let settled = false;
      const response = ratelimit.limit("alice").finally(() => {
        settled = true;
      });
      // Many turns of the microtask queue, and none in which an answer could arrive.
      for (let turn = 0; turn < 50; turn += 1) await null;
      if (!settled) waited += 1;
      expect((await response).success).toBe(true);
      await (await response).pending;
    }
    expect(waited).toBeGreaterThan(0);
    expect(waited).toBeLessThan(30);
    expect(requests()).toBeGreaterThanOrEqual(waited);
  });

  differ(
    { theirs: "sends each request to Redis in the end", ours: "sends few requests to Redis" },
    async (given) => {
      const { own, requests } = counting();
      const ratelimit = given.make(given.Ratelimit.cachedFixedWindow(100_000, "1 d"), { redis: own });
      for (let i = 0; i < 300; i += 1) {
        vi.setSystemTime(START + 5 * i);
        await checks(ratelimit, "alice", 1);
      }
      return requests();
    },
    {
      theirs: (sent) => expect(sent).toBeGreaterThanOrEqual(300),
      ours: (sent) => expect(sent).toBeLessThan(60),
    },
  );
});
