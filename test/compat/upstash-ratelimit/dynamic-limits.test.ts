import { afterEach, beforeEach, describe, expect, vi } from "vitest";
import { both, checks, differ, type Given, passed, redis } from "./packages.ts";

const START = Date.UTC(2040, 0, 5);

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"], now: START }));
afterEach(() => void vi.useRealTimers());

const algorithms = {
  fixedWindow: ({ Ratelimit }: Given) => Ratelimit.fixedWindow(5, "1000 s"),
  slidingWindow: ({ Ratelimit }: Given) => Ratelimit.slidingWindow(5, "1000 s"),
  tokenBucket: ({ Ratelimit }: Given) => Ratelimit.tokenBucket(5, "1000 s", 5),
};

describe.each(Object.entries(algorithms))("%s", (_name, algorithm) => {
  both("goes by the limit that was set, below its own", async (given) => {
    const ratelimit = given.make(algorithm(given), { dynamicLimits: true });
    await ratelimit.setDynamicLimit({ limit: 3 });
    const responses = await checks(ratelimit, "alice", 4);
    expect(responses.map(({ success, limit, remaining }) => [success, limit, remaining])).toEqual([
      [true, 3, 2],
      [true, 3, 1],
      [true, 3, 0],
      [false, 3, 0],
    ]);
  });

  both("goes by the limit that was set, above its own, at once in every isolate", async (given) => {
    const make = () => given.make(algorithm(given), { dynamicLimits: true });
    const [one, other] = [make(), make()];
    expect(passed(await checks(other, "before", 2))).toBe(2);
    await one.setDynamicLimit({ limit: 8 });
    expect(passed(await checks(other, "alice", 10))).toBe(8);
    expect(await other.getRemaining("alice")).toMatchObject({ remaining: 0, limit: 8 });
  });

  both("goes by its own where none is set, and when it is taken away", async (given) => {
    const ratelimit = given.make(algorithm(given), { dynamicLimits: true, ephemeralCache: false });
    expect(passed(await checks(ratelimit, "alice", 6))).toBe(5);
    await ratelimit.setDynamicLimit({ limit: 7 });
    expect(await ratelimit.limit("bob")).toMatchObject({ limit: 7, remaining: 6 });
    await ratelimit.setDynamicLimit({ limit: false });
    expect(await ratelimit.limit("carol")).toMatchObject({ limit: 5, remaining: 4 });
  });

  both("lets nothing pass with a limit of 0, until there is another", async (given) => {
    const make = () => given.make(algorithm(given), { dynamicLimits: true, ephemeralCache: false });
    const [one, other] = [make(), make()];
    await one.setDynamicLimit({ limit: 0 });
    expect(await checks(other, "alice", 2)).toMatchObject([
      { success: false, limit: 0 },
      { success: false, limit: 0 },
    ]);
    await one.setDynamicLimit({ limit: 2 });
    vi.setSystemTime(START + 1_000_000);
    expect(passed(await checks(other, "alice", 3))).toBe(2);
  });

  both("is not asked for a limit without the option", async (given) => {
    await given.make(algorithm(given), { dynamicLimits: true }).setDynamicLimit({ limit: 1 });
    expect(passed(await checks(given.make(algorithm(given)), "alice", 6))).toBe(5);
  });
});

both("set and get", async (given) => {
  const ratelimit = given.make(given.Ratelimit.slidingWindow(10, "1000 s"), { dynamicLimits: true });
  expect(await ratelimit.getDynamicLimit()).toEqual({ dynamicLimit: null });
  await ratelimit.setDynamicLimit({ limit: 100 });
  expect(await ratelimit.getDynamicLimit()).toEqual({ dynamicLimit: 100 });
  expect(await redis.get(`${given.prefix}:dynamic:global`)).toBe(100);
});

both("set and get need the option", async (given) => {
  const ratelimit = given.make(given.Ratelimit.slidingWindow(10, "10 s"));
  await expect(ratelimit.setDynamicLimit({ limit: 100 })).rejects.toThrow("dynamicLimits must be enabled");
  await expect(ratelimit.getDynamicLimit()).rejects.toThrow("dynamicLimits must be enabled");
});

differ(
  { theirs: "what it knows of a lower limit outlasts the higher one", ours: "a higher limit lets pass at once" },
  async (given) => {
    const ratelimit = given.make(given.Ratelimit.fixedWindow(10, "1000 s"), { dynamicLimits: true });
    await ratelimit.setDynamicLimit({ limit: 2 });
    await checks(ratelimit, "alice", 3);
    await ratelimit.setDynamicLimit({ limit: 5 });
    return ratelimit.limit("alice");
  },
  {
    theirs: (response) => expect(response).toMatchObject({ success: false, reason: "cacheBlock", limit: 10 }),
    ours: (response) => expect(response).toMatchObject({ success: true, limit: 5, remaining: 2 }),
  },
);

differ(
  { theirs: "a limit that is none is taken, and denies everybody", ours: "a limit that is none is refused" },
  async (given) => {
    const ratelimit = given.make(given.Ratelimit.fixedWindow(10, "1000 s"), { dynamicLimits: true });
    const refused = await ratelimit.setDynamicLimit({ limit: -1.5 }).catch((error: Error) => error.message);
    await redis.set(`${given.prefix}:dynamic:global`, "many");
    return { refused, passes: (await ratelimit.limit("alice")).success };
  },
  {
    theirs: (outcome) => expect(outcome).toEqual({ refused: undefined, passes: false }),
    ours: (outcome) =>
      expect(outcome).toEqual({
        refused: "limit must be a whole number from 0 to 9007199254740991, not -1.5",
        passes: true,
      }),
  },
);
