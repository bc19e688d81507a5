import type * as theirs from "@upstash/ratelimit";
import { Redis } from "@upstash/redis";
import * as ours from "sluice/upstash-ratelimit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { createRedisRest, type RedisRest } from "../../../src/server/rest/server.ts";
import { uniqueName } from "../../support/redis.ts";
import { both, checks, differ, type Given, passed } from "./packages.ts";

const START = Date.UTC(2040, 0, 5);

let servers: RedisRest[];
let databases: Redis[];

const once = { retry: { retries: 0 }, enableAutoPipelining: false } as const;
const clientOf = ({ url, token }: { url: string; token: string }) => new Redis({ url, token, ...once });
/** A database that nobody reaches. */
const away = () => clientOf({ url: "http://127.0.0.1:1", token: "any" });

beforeAll(async () => {
  servers = await Promise.all([1, 2, 3].map(() => createRedisRest()));
  databases = servers.map(clientOf);
});
afterAll(() => Promise.all(servers.map((server) => server.close())));
beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"], now: START }));
afterEach(() => void vi.useRealTimers());

const ALGORITHMS = ["fixedWindow", "slidingWindow"] as const;

function multi(
  { MultiRegionRatelimit, prefix }: Given,
  name: (typeof ALGORITHMS)[number],
  options: Partial<theirs.MultiRegionRatelimitConfig> = {},
) {
  const limiter = MultiRegionRatelimit[name](10, "10 m");
  return new MultiRegionRatelimit({ redis: databases, limiter, prefix, ...options });
}

describe.each(ALGORITHMS)("%s on three databases", (name) => {
  both("lets ten of fifteen pass, and says what is left", async (given) => {
    const responses = await checks(multi(given, name), "alice", 15);
    expect(passed(responses)).toBe(10);
    expect(responses.map(({ success }) => success).lastIndexOf(true)).toBe(9);
    expect(responses.slice(0, 10).map(({ remaining }) => remaining)).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
    for (const { limit, reset } of responses) expect([limit, reset > START]).toEqual([10, true]);
  });

  both("counts a rate as its cost, and gives back what is refunded", async (given) => {
    const ratelimit = multi(given, name);
    expect(await checks(ratelimit, "alice", 1, { rate: 8 })).toMatchObject([{ success: true, remaining: 2 }]);
    expect(await ratelimit.getRemaining("alice")).toMatchObject({ remaining: 2, limit: 10 });
    for (const [rate, left] of [
      [-2, 4],
      [-3, 7],
    ]) {
      const [response] = await checks(ratelimit, "alice", 1, { rate });
      expect(response?.success).toBe(true);
      expect(await ratelimit.getRemaining("alice")).toMatchObject({ remaining: left });
    }
    expect(passed(await checks(ratelimit, "alice", 1, { rate: 5 }))).toBe(1);
    expect((await ratelimit.getRemaining("alice")).remaining).toBe(2);
  });

  both("refunds one that has used all, and lets it pass then", async (given) => {
    const ratelimit = multi(given, name);
    await checks(ratelimit, "alice", 1, { rate: 10 });
    expect(passed(await checks(ratelimit, "alice", 2))).toBe(0);
    await checks(ratelimit, "alice", 1, { rate: -6 });
    expect(passed(await checks(ratelimit, "alice", 1, { rate: 2 }))).toBe(1);
  });

  both("makes a quota whole again", async (given) => {
    const ratelimit = multi(given, name);
    await checks(ratelimit, "alice", 12);
    await ratelimit.resetUsedTokens("alice");
    // The other package does not wait for it.
    await expect.poll(async () => (await ratelimit.getRemaining("alice")).remaining).toBe(10);
    expect(passed(await checks(ratelimit, "alice", 1))).toBe(1);
  });

  both("lets pass again in a later window", async (given) => {
    const ratelimit = multi(given, name);
    expect(passed(await checks(ratelimit, "alice", 12))).toBe(10);
    vi.setSystemTime(START + 1_200_001);
    expect(passed(await checks(ratelimit, "alice", 12))).toBe(10);
  });

  both("goes on without a database that is away", async (given) => {
    const [one, two] = databases as [Redis, Redis];
    const ratelimit = multi(given, name, { redis: [away(), one, two] });
    const passes: boolean[] = [];
    for (let i = 0; i < 5; i += 1) {
      const { success, pending } = await ratelimit.limit("alice");
      // In the other package it rejects then.
      await pending.catch(() => {});
      passes.push(success);
    }
    expect(passes).toEqual([true, true, true, true, true]);
  });

  differ(
    {
      theirs: "pending rejects where a database is away, which ends a Node process that ignores it",
      ours: "pending resolves where a database is away",
    },
    async (given) => {
      const { pending } = await multi(given, name, { redis: [away(), ...databases] }).limit("alice");
      return pending.then(
        () => "resolves",
        () => "rejects",
      );
    },
    { theirs: (outcome) => expect(outcome).toBe("rejects"), ours: (outcome) => expect(outcome).toBe("resolves") },
  );

  both("rejects where none can be asked", async (given) => {
    const ratelimit = multi(given, name, { redis: [away(), away()] });
    await expect(ratelimit.limit("alice")).rejects.toThrow();
    await expect(ratelimit.getRemaining("alice")).rejects.toThrow();
  });

  both("knows of denials in this isolate", async (given) => {
    const ratelimit = multi(given, name, { ephemeralCache: new Map() });
    await checks(ratelimit, "alice", 11);
    expect(await ratelimit.limit("alice")).toMatchObject({ success: false, reason: "cacheBlock", remaining: 0 });
  });

  differ(
    {
      theirs: "isolates that reach one database each let the limit pass once for each database",
      ours: "isolates that reach one database each let no more than the limit pass",
    },
    async (given) => {
      let count = 0;
      for (const reached of [0, 1, 2]) {
        const redis = databases.map((database, i) => (i === reached ? database : away()));
        const ratelimit = multi(given, name, { redis, ephemeralCache: false });
        for (let i = 0; i < 12; i += 1) {
          const { success, pending } = await ratelimit.limit("alice");
          pending.catch(() => {});
          if (success) count += 1;
        }
      }
      return count;
    },
    { theirs: (count) => expect(count).toBe(30), ours: (count) => expect(count).toBe(10) },
  );

  differ(
    { theirs: "asks every database in each check", ours: "asks one database in each check that its share lets pass" },
    async (given) => {
      const spies = databases.map((database) => vi.spyOn(database, "evalsha"));
      const limiter = given.MultiRegionRatelimit[name](3000, "10 m");
      const ratelimit = multi(given, name, { limiter });
      // So that the scripts are known, and who is nearest.
      await checks(ratelimit, "bob", 20);
      const asked = () => spies.reduce((sum, spy) => sum + spy.mock.calls.length, 0);
      const before = asked();
      await checks(ratelimit, "alice", 20);
      const count = asked() - before;
      for (const spy of spies) spy.mockRestore();
      return count;
    },
    { theirs: (count) => expect(count).toBe(60), ours: (count) => expect(count).toBe(20) },
  );
});

both("a limit of 0 lets nothing pass on several databases", async (given) => {
  const limiter = given.MultiRegionRatelimit.fixedWindow(0, "1 m");
  const responses = await checks(multi(given, "fixedWindow", { limiter }), "alice", 2);
  expect(passed(responses)).toBe(0);
});

/** A database that does something with each answer before it hands it on. */
function watched(database: Redis, answered: (command: string) => Promise<void>): Redis {
  return new Proxy(database, {
    get(client, name) {
      const own = Reflect.get(client, name);
      if (typeof own !== "function") return own;
      return async (...args: unknown[]) => {
        const answer = await own.apply(client, args);
        await answered(String(name));
        return answer;
      };
    },
  });
}

test("who is nearest is asked, wherever it is in the list, once each has answered", async () => {
  const [one, two, three] = databases as [Redis, Redis, Redis];
  const { MultiRegionRatelimit } = ours;
  const limiter = MultiRegionRatelimit.slidingWindow(3000, "10 m");
  // The clock is moved by far databases alone, and where all are asked, after the near one has answered.
  let hasAnswered = () => {};
  const isMeasured = new Promise<void>((resolve) => {
    hasAnswered = resolve;
  });
  const near = watched(two, async (command) => {
    if (command === "get") hasAnswered();
  });
  const far = (database: Redis) =>
    watched(database, async (command) => {
      if (command === "get") await isMeasured.then(() => new Promise(setImmediate));
      vi.setSystemTime(Date.now() + 60);
    });
  const ratelimit = new MultiRegionRatelimit({ redis: [far(one), near, far(three)], limiter, prefix: uniqueName() });
  await checks(ratelimit, "alice", 1);
  const spies = databases.map((database) => vi.spyOn(database, "evalsha"));
  await checks(ratelimit, "alice", 10);
  expect(spies.map((spy) => spy.mock.calls.length)).toEqual([0, 10, 0]);
  for (const spy of spies) spy.mockRestore();
});

both("lets pass after the timeout where no database answers", async (given) => {
  const silent = {
    evalsha: () => new Promise(() => {}),
    eval: () => new Promise(() => {}),
    get: () => new Promise(() => {}),
  };
  const redis = [silent, silent] as unknown as Redis[];
  const ratelimit = multi(given, "slidingWindow", { redis, timeout: 60 });
  vi.useRealTimers();
  expect(await ratelimit.limit("alice")).toMatchObject({ success: true, reason: "timeout", limit: 0, reset: 0 });
});

both("analytics go to the first database", async (given) => {
  const ratelimit = multi(given, "fixedWindow", { analytics: true });
  await checks(ratelimit, "alice", 1);
  const analytics = new given.Analytics({ redis: databases[0] as Redis, prefix: given.prefix });
  expect(await analytics.getMostAllowedBlocked(1)).toMatchObject({ allowed: [{ identifier: "alice", count: 1 }] });
});

both("an algorithm of the user's gets the context of all databases", async (given) => {
  let contexts: unknown[] = [];
  const own = () => ({
    async limit(ctx: { regionContexts: unknown[] }, identifier: string) {
      contexts = ctx.regionContexts;
      return { success: identifier.endsWith(":alice"), limit: 1, remaining: 1, reset: 1, pending: Promise.resolve() };
    },
  });
  expect(await multi(given, "fixedWindow", { limiter: own as never }).limit("alice")).toMatchObject({ success: true });
  expect(contexts).toEqual(databases.map((redis) => ({ redis, prefix: given.prefix })));
});
