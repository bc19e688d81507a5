import { Redis } from "@upstash/redis";
import { describe, expect, inject, vi } from "vitest";
import { both, checks, differ, passed, redis, ten } from "./packages.ts";

describe("methods", () => {
  both("need no this", async (given) => {
    const { limit, getRemaining, resetUsedTokens, blockUntilReady } = given.make(ten(given, "fixedWindow", "1 d"));
    await limit("alice", { rate: 10 });
    await resetUsedTokens("alice");
    expect(await blockUntilReady("alice", 1000)).toMatchObject({ success: true });
    expect((await getRemaining("alice")).remaining).toBe(9);
  });
});

describe("blockUntilReady", () => {
  both("resolves at once to what passes", async (given) => {
    const ratelimit = given.make(ten(given, "fixedWindow", "1 d"));
    expect(await ratelimit.blockUntilReady("alice", 60_000)).toMatchObject({ success: true, remaining: 9 });
  });

  both("resolves when the window has ended", async (given) => {
    const ratelimit = given.make(given.Ratelimit.fixedWindow(2, "1 s"));
    await checks(ratelimit, "alice", 3);
    expect(await ratelimit.blockUntilReady("alice", 20_000)).toMatchObject({ success: true });
  });

  both("resolves to the denial after the timeout, and no earlier", async (given) => {
    const ratelimit = given.make(given.Ratelimit.fixedWindow(2, "1 d"));
    await checks(ratelimit, "alice", 3);
    const since = performance.now();
    expect(await ratelimit.blockUntilReady("alice", 100)).toMatchObject({ success: false });
    expect(performance.now() - since).toBeGreaterThan(95);
  });

  both("refuses a timeout that is not above 0", async (given) => {
    const ratelimit = given.make(ten(given, "fixedWindow"));
    for (const timeout of [0, -1]) {
      await expect(ratelimit.blockUntilReady("alice", timeout)).rejects.toThrow("timeout must be positive");
    }
  });

  differ(
    { theirs: "throws for what is on the deny list", ours: "denies at once what is on the deny list" },
    async (given) => {
      await redis.sadd(`${given.prefix}:denyList:all`, given.prefix);
      await redis.set(`${given.prefix}:ipDenyListStatus`, "disabled");
      const ratelimit = given.make(ten(given, "fixedWindow", "1 d"), { enableProtection: true });
      await ratelimit.limit(given.prefix);
      return ratelimit.blockUntilReady(given.prefix, 60_000).catch((error: Error) => error);
    },
    {
      theirs: (outcome) => expect(outcome).toBeInstanceOf(Error),
      ours: (outcome) => expect(outcome).toMatchObject({ success: false, reason: "denyList" }),
    },
  );
});

describe("an algorithm of the user's", () => {
  both("gets the context and the key, and its answer is the response", async (given) => {
    const called: unknown[] = [];
    const own = () => ({
      async limit(ctx: { cache?: { incr(key: string): number } }, identifier: string, rate?: number) {
        called.push([Object.keys(ctx).sort(), identifier, rate]);
        const used = ctx.cache?.incr(identifier) ?? 0;
        return { success: used <= 2, limit: 2, remaining: 2 - used, reset: 7, pending: Promise.resolve() };
      },
      getRemaining: async (_ctx: object, identifier: string) => ({ remaining: identifier.length, reset: 1, limit: 2 }),
      resetTokens: async (_ctx: object, identifier: string) => void called.push(`reset ${identifier}`),
    });
    const ratelimit = given.make(own as never);
    expect(passed(await checks(ratelimit, "alice", 3, { rate: 5 }))).toBe(2);
    const key = `${given.prefix}:alice`;
    expect(called[0]).toEqual([["cache", "dynamicLimits", "prefix", "redis"], key, 5]);
    expect(await ratelimit.getRemaining("alice")).toEqual({ remaining: key.length, reset: 1, limit: 2 });
    await ratelimit.resetUsedTokens("alice");
    expect(called.at(-1)).toBe(`reset ${key}`);
  });

  both("has the methods of a cache in a map of the user's", async (given) => {
    const map = new Map<string, number>();
    let cache: never | undefined;
    const own = () => ({
      async limit(ctx: { cache: never }) {
        cache = ctx.cache;
        return { success: true, limit: 1, remaining: 1, reset: 1, pending: Promise.resolve() };
      },
    });
    await given.make(own as never, { ephemeralCache: map }).limit("alice");
    const { set, get, incr, pop, empty, size, blockUntil, isBlocked } = bound(cache as never);
    set("a", 3);
    expect([get("a"), get("b"), incr("a"), incr("b", 5), size(), map.get("b")]).toEqual([3, null, 4, 5, 2, 5]);
    pop("a");
    const until = Date.now() + 60_000;
    blockUntil("c", until);
    expect([isBlocked("c"), isBlocked("d")]).toEqual([
      { blocked: true, reset: until },
      { blocked: false, reset: 0 },
    ]);
    empty();
    expect(map.size).toBe(0);
  });

  both("may wrap one of the package's", async (given) => {
    const inner = given.Ratelimit.fixedWindow(3, "1 d")();
    const own = () => ({
      ...inner,
      limit: ((ctx, id, rate) => inner.limit(ctx, id, 2 * (rate ?? 1))) as typeof inner.limit,
    });
    const ratelimit = given.make(own);
    expect(await ratelimit.limit("alice")).toMatchObject({ success: true, remaining: 1 });
    expect((await ratelimit.getRemaining("alice")).remaining).toBe(1);
  });
});

/** The methods of a cache, whether they need a `this` or not. */
function bound<T extends object>(cache: T) {
  type Methods = Record<string, (...args: (string | number)[]) => unknown>;
  const method = (name: string) => ((cache as unknown as Methods)[name] as Methods[string]).bind(cache);
  const names = ["set", "get", "incr", "pop", "empty", "size", "blockUntil", "isBlocked"] as const;
  return Object.fromEntries(names.map((name) => [name, method(name)])) as {
    [Name in (typeof names)[number]]: Methods[string];
  };
}

describe("keys", () => {
  both("begin with the prefix that is given, and with its default", async (given) => {
    await given.make(ten(given, "slidingWindow", "1 d")).limit("alice");
    expect((await redis.keys(`${given.prefix}:alice*`)).length).toBe(1);
    const plain = new given.Ratelimit({ redis, limiter: ten(given, "slidingWindow", "1 d") });
    await plain.limit(given.prefix);
    expect((await redis.keys(`@upstash/ratelimit:${given.prefix}*`)).length).toBe(1);
  });

  both("of any characters and lengths are kept apart", async (given) => {
    const ratelimit = given.make(ten(given, "slidingWindow", "1 d"));
    const identifiers = ["", "a:b", "ä", "{x}", "a".repeat(500), "a".repeat(501), "*", "a\nb"];
    for (const identifier of identifiers) expect((await ratelimit.limit(identifier)).remaining).toBe(9);
  });
});

differ(
  { theirs: "tells its name and version to the server", ours: "tells nothing to anybody" },
  async (given) => {
    const own = new Redis({ url: inject("restUrl"), token: inject("restToken") });
    const told = vi.spyOn(own as never as { addTelemetry(): void }, "addTelemetry");
    given.make(ten(given, "fixedWindow"), { redis: own });
    return told.mock.calls.length;
  },
  { theirs: (calls) => expect(calls).toBe(1), ours: (calls) => expect(calls).toBe(0) },
);
