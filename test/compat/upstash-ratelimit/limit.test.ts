import { afterEach, beforeEach, describe, expect, vi } from "vitest";
import { ALGORITHMS, both, checks, differ, passed, redis, ten } from "./packages.ts";

/** The beginning of every window here; Redis, whose own clock is another, keeps keys by what is left of their window. */
const START = Date.UTC(2040, 0, 5);
const WEEK_MS = 604_800_000;

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"], now: START }));
afterEach(() => void vi.useRealTimers());

describe.each(ALGORITHMS)("%s", (name) => {
  both("lets ten of fifteen pass, and says what is left", async (given) => {
    const told = (await checks(given.make(ten(given, name)), "alice", 15)).map(({ success, remaining, limit }) => [
      success,
      Math.max(0, remaining),
      limit,
    ]);
    expect(told.slice(0, 10)).toEqual(Array.from({ length: 10 }, (_each, i) => [true, 9 - i, 10]));
    expect(told.slice(10)).toEqual(Array.from({ length: 5 }, () => [false, 0, 10]));
  });

  both("counts each identifier for itself, and a rate as its cost", async (given) => {
    const { limit } = given.make(ten(given, name));
    expect(await limit("alice", { rate: 4 })).toMatchObject({ success: true, remaining: 6 });
    expect(await limit("bob", { rate: 10 })).toMatchObject({ success: true, remaining: 0 });
    expect(await limit("alice", { rate: 6 })).toMatchObject({ success: true, remaining: 0 });
  });

  both("says how many are left without taking any", async (given) => {
    const ratelimit = given.make(ten(given, name));
    expect(await ratelimit.getRemaining("alice")).toMatchObject({ remaining: 10, limit: 10 });
    const [response] = await checks(ratelimit, "alice", 1);
    for (let i = 0; i < 2; i += 1) {
      const { remaining, limit } = await ratelimit.getRemaining("alice");
      expect([remaining, limit]).toEqual([response?.remaining, 10]);
    }
  });

  both("makes a quota whole again", async (given) => {
    const ratelimit = given.make(ten(given, name));
    expect(passed(await checks(ratelimit, "alice", 15))).toBe(10);
    await ratelimit.resetUsedTokens("alice");
    expect(await ratelimit.limit("alice")).toMatchObject({ success: true, remaining: 9 });
  });

  both("lets pass again in a later window", async (given) => {
    const ratelimit = given.make(ten(given, name, "10 s"));
    expect(passed(await checks(ratelimit, "alice", 15))).toBe(10);
    vi.setSystemTime(START + 20_001);
    expect(passed(await checks(ratelimit, "alice", 15))).toBe(10);
  });

  both(
    "of what is below half its limit all passes, of ten times it no more than the limit for each window",
    async (given) => {
      const [calm, attacker] = [given.make(ten(given, name, "10 s")), given.make(ten(given, name, "10 s"))];
      const served = { calm: 0, attacker: 0 };
      for (let second = 0; second < 40; second += 2) {
        vi.setSystemTime(START + second * 1000 + 1);
        served.calm += passed(await checks(calm, "calm", 1));
        served.attacker += passed(await checks(attacker, "attacker", 20));
      }
      expect(served.calm).toBe(20);
      expect(served.attacker).toBeGreaterThanOrEqual(20);
      expect(served.attacker).toBeLessThanOrEqual(50);
    },
  );

  both("gives back what is refunded", async (given) => {
    const ratelimit = given.make(ten(given, name));
    await checks(ratelimit, "alice", 1, { rate: 8 });
    for (const [rate, left] of [
      [-2, 4],
      [-3, 7],
    ]) {
      expect(await checks(ratelimit, "alice", 1, { rate })).toMatchObject([{ success: true, remaining: left }]);
      expect(await ratelimit.getRemaining("alice")).toMatchObject({ remaining: left });
    }
    expect(await ratelimit.limit("alice", { rate: 5 })).toMatchObject({ success: true, remaining: 2 });
  });

  both("refunds one that has used all, and lets it pass then", async (given) => {
    const ratelimit = given.make(ten(given, name));
    await checks(ratelimit, "alice", 1, { rate: 10 });
    expect(await checks(ratelimit, "alice", 2)).toMatchObject([{ success: false }, { success: false }]);
    expect(await ratelimit.limit("alice", { rate: -5 })).toMatchObject({ success: true });
    const { success, remaining } = await ratelimit.limit("alice", { rate: 2 });
    expect([success, remaining > 0]).toEqual([true, true]);
  });

  both("takes nothing for a rate of 0", async (given) => {
    const ratelimit = given.make(ten(given, name));
    await checks(ratelimit, "alice", 2);
    expect(await ratelimit.limit("alice", { rate: 0 })).toMatchObject({ success: true, remaining: 8 });
    expect(await ratelimit.getRemaining("alice")).toMatchObject({ remaining: 8 });
  });

  differ(
    { theirs: "a refund makes a quota of 10 one of 1008", ours: "a refund never makes more than a whole quota" },
    async (given) => {
      const ratelimit = given.make(ten(given, name));
      await checks(ratelimit, "alice", 1, { rate: 2 });
      await checks(ratelimit, "alice", 1, { rate: -1000 });
      return (await ratelimit.getRemaining("alice")).remaining;
    },
    { theirs: (left) => expect(left).toBe(1008), ours: (left) => expect(left).toBe(10) },
  );
});

describe.each(["fixedWindow", "slidingWindow", "tokenBucket"] as const)("%s", (name) => {
  both("sixty at once: no more pass than the limit", async (given) => {
    const ratelimit = given.make(ten(given, name));
    expect(passed(await Promise.all(Array.from({ length: 60 }, () => ratelimit.limit("alice"))))).toBe(10);
  });

  both("takes a window of a week, and its keys end", async (given) => {
    const ratelimit = given.make(ten(given, name, "1 w"));
    const { success, reset } = await ratelimit.limit("alice");
    expect(success).toBe(true);
    expect(reset).toBeGreaterThan(START);
    expect(reset).toBeLessThanOrEqual(START + WEEK_MS);
    const keys = await redis.keys(`${given.prefix}:alice*`);
    expect(keys.length).toBeGreaterThan(0);
    for (const key of keys) {
      const life = await redis.pttl(key);
      expect(life).toBeGreaterThan(0);
      expect(life).toBeLessThanOrEqual(2 * WEEK_MS + 1000);
    }
  });

  both("asked at once, a check and what is left agree on the time of the reset", async (given) => {
    const ratelimit = given.make(ten(given, name));
    const [response, left] = await Promise.all([ratelimit.limit("alice"), ratelimit.getRemaining("alice")]);
    expect(left).toMatchObject({ remaining: response.remaining, reset: response.reset });
  });
});

describe("what a denied request takes", () => {
  both("of a bucket nothing", async (given) => {
    const ratelimit = given.make(ten(given, "tokenBucket"), { ephemeralCache: false });
    await ratelimit.limit("alice", { rate: 8 });
    expect(await ratelimit.limit("alice", { rate: 5 })).toMatchObject({ success: false });
    expect(await ratelimit.getRemaining("alice")).toMatchObject({ remaining: 2 });
    expect(await ratelimit.limit("alice", { rate: 2 })).toMatchObject({ success: true, remaining: 0 });
  });

  describe.each(["fixedWindow", "slidingWindow", "cachedFixedWindow"] as const)("of a %s", (name) => {
    differ(
      { theirs: "all that it asked for", ours: "nothing" },
      async (given) => {
        const ratelimit = given.make(ten(given, name), name === "cachedFixedWindow" ? {} : { ephemeralCache: false });
        await checks(ratelimit, "alice", 1, { rate: 5 });
        const [denied] = await checks(ratelimit, "alice", 1, { rate: 8 });
        expect(denied?.success).toBe(false);
        return (await ratelimit.getRemaining("alice")).remaining;
      },
      { theirs: (left) => expect(left).toBe(0), ours: (left) => expect(left).toBe(5) },
    );
  });

  differ(
    { theirs: "a denial of 5 blocks a request of 1 that would pass", ours: "a denial of 5 blocks no request of 1" },
    async (given) => {
      const ratelimit = given.make(ten(given, "tokenBucket"));
      await ratelimit.limit("alice", { rate: 7 });
      const denied = await ratelimit.limit("alice", { rate: 5 });
      return [denied.remaining, await ratelimit.limit("alice")] as const;
    },
    {
      theirs: ([left, next]) =>
        expect([left, next.success, next.reason, next.remaining]).toEqual([0, false, "cacheBlock", 0]),
      ours: ([left, next]) =>
        expect([left, next.success, next.reason, next.remaining]).toEqual([3, true, undefined, 2]),
    },
  );
});

describe("the reset that a denied caller is told", () => {
  differ(
    {
      theirs: "rounds down what weighs from the window before, so that one passes at once",
      ours: "is when it passes, to the millisecond",
    },
    async (given) => {
      const ratelimit = given.make(given.Ratelimit.slidingWindow(20, "2 s"), { ephemeralCache: false });
      vi.setSystemTime(START + 1900);
      expect(passed(await checks(ratelimit, "alice", 20))).toBe(20);
      vi.setSystemTime(START + 2010);
      const { success, reset } = await ratelimit.limit("alice");
      const passes: boolean[] = [];
      for (const at of success ? [] : [reset - 1, reset]) {
        vi.setSystemTime(at);
        passes.push((await ratelimit.limit("alice")).success);
      }
      return { told: success ? "passes" : reset - START, passes };
    },
    {
      theirs: (outcome) => expect(outcome).toEqual({ told: "passes", passes: [] }),
      ours: (outcome) => expect(outcome).toEqual({ told: 2100, passes: [false, true] }),
    },
  );

  differ(
    { theirs: "is the window's end, though the request passes earlier", ours: "is when the request passes" },
    async (given) => {
      const ratelimit = given.make(ten(given, "slidingWindow", "10 s"), { ephemeralCache: false });
      vi.setSystemTime(START + 9000);
      await checks(ratelimit, "alice", 10);
      vi.setSystemTime(START + 10_500);
      await checks(ratelimit, "alice", 1);
      const { success, reset } = await ratelimit.limit("alice");
      expect(success).toBe(false);
      vi.setSystemTime(START + 12_000);
      return { told: reset - START, passes: (await ratelimit.limit("alice")).success };
    },
    {
      theirs: (outcome) => expect(outcome).toEqual({ told: 20_000, passes: true }),
      ours: (outcome) => expect(outcome).toEqual({ told: 11_000, passes: true }),
    },
  );

  both("is the window's end, in a fixed window", async (given) => {
    const ratelimit = given.make(ten(given, "fixedWindow", "10 s"));
    vi.setSystemTime(START + 3000);
    for (const { reset } of await checks(ratelimit, "alice", 13)) expect(reset).toBe(START + 10_000);
  });
});

describe("a bucket", () => {
  differ(
    { theirs: "fills by its refill at once", ours: "fills evenly" },
    async (given) => {
      const ratelimit = given.make(given.Ratelimit.tokenBucket(5, "10 s", 10), { ephemeralCache: false });
      await checks(ratelimit, "alice", 10);
      const left: number[] = [];
      for (const seconds of [2, 4, 9, 10, 20]) {
        vi.setSystemTime(START + seconds * 1000);
        left.push((await ratelimit.limit("alice", { rate: 0 })).remaining);
      }
      return left;
    },
    {
      theirs: (left) => expect(left).toEqual([0, 0, 0, 5, 10]),
      ours: (left) => expect(left).toEqual([1, 2, 4, 5, 10]),
    },
  );

  differ(
    { theirs: "says that few are left long after it has filled", ours: "says how many are left as it fills" },
    async (given) => {
      const ratelimit = given.make(given.Ratelimit.tokenBucket(1, "10 s", 10));
      await ratelimit.limit("alice", { rate: 7 });
      vi.setSystemTime(START + 100_000);
      return (await ratelimit.getRemaining("alice")).remaining;
    },
    { theirs: (left) => expect(left).toBe(3), ours: (left) => expect(left).toBe(10) },
  );
});

describe("a reset", () => {
  differ(
    { theirs: "reaches others whose identifiers begin alike, and by patterns all", ours: "reaches one identifier" },
    async (given) => {
      const ratelimit = given.make(ten(given, "fixedWindow"));
      for (const identifier of ["tenant", "tenant:alice", "other"]) await ratelimit.limit(identifier, { rate: 9 });
      const left = async (identifier: string) => (await ratelimit.getRemaining(identifier)).remaining;
      await ratelimit.resetUsedTokens("tenant");
      const after = [await left("tenant"), await left("tenant:alice"), await left("other")];
      await ratelimit.resetUsedTokens("*");
      return [...after, await left("other")];
    },
    {
      theirs: (left) => expect(left).toEqual([10, 10, 1, 10]),
      ours: (left) => expect(left).toEqual([10, 1, 1, 1]),
    },
  );
});

describe("several isolates", () => {
  differ(
    {
      theirs: "let more pass than a cached fixed window allows",
      ours: "let no more pass than a cached fixed window allows",
    },
    async (given) => {
      const isolates = Array.from({ length: 4 }, () => given.make(ten(given, "cachedFixedWindow")));
      let count = 0;
      for (let round = 0; round < 10; round += 1) {
        for (const isolate of isolates) count += passed(await checks(isolate, "alice", 1));
      }
      return count;
    },
    {
      theirs: (count) => expect(count).toBeGreaterThan(10),
      ours: (count) => expect(count).toBe(10),
    },
  );
});

describe("limits and durations", () => {
  both("of 0 let nothing pass", async (given) => {
    for (const limiter of [
      given.Ratelimit.fixedWindow(0, "1 m"),
      given.Ratelimit.slidingWindow(0, "1 m"),
      given.Ratelimit.tokenBucket(1, "1 m", 0),
    ]) {
      const responses = await checks(given.make(limiter), "alice", 2);
      expect(responses.map(({ success, limit, remaining }) => [success, limit, remaining])).toEqual([
        [false, 0, 0],
        [false, 0, 0],
      ]);
    }
  });

  both("are read with a space or none, with a fraction, in weeks", async ({ make, Ratelimit }) => {
    for (const [window, ms] of [
      ["100ms", 100],
      ["2 s", 2000],
      ["1.5 h", 5_400_000],
      ["2 d", 172_800_000],
      ["1w", WEEK_MS],
    ] as const) {
      const { reset } = await make(Ratelimit.fixedWindow(10, window)).limit(`with ${window}`);
      expect(reset).toBe(Math.floor(START / ms + 1) * ms);
    }
    for (const window of ["", "10", "10 y", "ten s", "-1 s"]) {
      expect(() => Ratelimit.slidingWindow(1, window as never)).toThrow("Unable to parse window size");
    }
    expect(() => Ratelimit.slidingWindow(1, "0 s")).toThrow("Window size must be at least 1 ms");
  });

  differ(
    { theirs: "that make no sense are found by Redis", ours: "that make no sense are refused where they are written" },
    async ({ Ratelimit }) => {
      const refused = (make: () => unknown) => {
        try {
          make();
          return "taken";
        } catch (error) {
          return (error as Error).message;
        }
      };
      return [
        refused(() => Ratelimit.fixedWindow(2.5, "1 s")),
        refused(() => Ratelimit.slidingWindow(-1, "1 s")),
        refused(() => Ratelimit.tokenBucket(1, "1 s", Number.NaN)),
        refused(() => Ratelimit.slidingWindow(1, "400 d")),
      ];
    },
    {
      theirs: (told) => expect(told).toEqual(["taken", "taken", "taken", "taken"]),
      ours: (told) =>
        expect(told).toEqual([
          "tokens must be a whole number from 0 to 9007199254740991, not 2.5",
          "tokens must be a whole number from 0 to 9007199254740991, not -1",
          "maxTokens must be a whole number from 0 to 9007199254740991, not NaN",
          'Window size must be at least 1 ms and at most 366 days, not "400 d"',
        ]),
    },
  );
});
