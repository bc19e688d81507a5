import { Redis } from "@upstash/redis";
import { readAnalytics } from "sluice/analytics";
import * as ours from "sluice/upstash-ratelimit";
import { afterEach, beforeEach, describe, expect, inject, test, vi } from "vitest";
import { uniqueName } from "../../support/redis.ts";
import { both, checks, differ, redis, ten } from "./packages.ts";

const HOUR_MS = 3_600_000;

// In the middle of an hour, as by the real clock no test can be sure to be.
beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"], now: Date.UTC(2040, 0, 5, 12, 30) }));
afterEach(() => void vi.useRealTimers());

describe("events", () => {
  both("of one identifier are counted together", async (given) => {
    const analytics = new given.Analytics({ redis, prefix: given.prefix });
    for (let i = 0; i < 20; i += 1) await analytics.record({ identifier: "id", success: true, time: Date.now() });
    const usage = await analytics.getUsage(Date.now() - 24 * HOUR_MS);
    expect(usage).toEqual({ id: { success: 20, blocked: 0 } });
  });

  both("of many identifiers are counted for each, whether they passed or not", async (given) => {
    const analytics = new given.Analytics({ redis, prefix: given.prefix });
    const events = Array.from({ length: 120 }, (_each, i) => ({
      identifier: `user ${i % 6}`,
      success: i % 4 !== 0,
      time: Date.now(),
    }));
    await Promise.all(events.map((event) => analytics.record(event)));
    const usage = await analytics.getUsage(Date.now() - 24 * HOUR_MS);
    expect(Object.keys(usage).sort()).toEqual(["user 0", "user 1", "user 2", "user 3", "user 4", "user 5"]);
    expect(usage["user 0"]).toEqual({ success: 10, blocked: 10 });
    expect(usage["user 1"]).toEqual({ success: 20, blocked: 0 });
  });

  both("are told hour by hour by each of their fields", async (given) => {
    const analytics = new given.Analytics({ redis, prefix: given.prefix });
    const [now, before] = [Date.now(), Date.now() - 2 * HOUR_MS];
    const place = { country: "DE", ip: "192.0.2.1", city: "Bonn", region: "NW" };
    await analytics.record({ identifier: "a", success: true, time: now, ...place });
    await analytics.record({ identifier: "a", success: false, time: now, ...place });
    await analytics.record({
      identifier: "b",
      success: true,
      time: before,
      country: "FR",
      ip: "::1",
      city: "",
      region: "",
    });
    const byHour = async (field: "country" | "identifier" | "ip" | "city" | "region") =>
      (await analytics.getUsageOverTime(4, field)).map((hour) => counted(hour[field]));
    expect(await byHour("country")).toEqual([{ DE: 2 }, {}, { FR: 1 }, {}]);
    expect(await byHour("identifier")).toEqual([{ a: 2 }, {}, { b: 1 }, {}]);
    for (const [field, value] of [
      ["ip", "192.0.2.1"],
      ["city", "Bonn"],
      ["region", "NW"],
    ] as const) {
      expect((await byHour(field))[0]).toEqual({ [value]: 2 });
    }
    const hours = await analytics.getUsageOverTime(4, "country");
    const first = Math.floor(now / HOUR_MS) * HOUR_MS;
    expect(hours.map(({ time }) => time)).toEqual([0, 1, 2, 3].map((ago) => first - ago * HOUR_MS));
    expect(await analytics.getUsageOverTime(1, "success")).toMatchObject([{ success: { true: 1, false: 1 } }]);
    const filter = "identifier";
    const series = await analytics.series(filter, before - HOUR_MS);
    expect(series.map((hour) => counted(hour[filter])).slice(0, 3)).toEqual([{ a: 2 }, {}, { b: 1 }]);
  });

  both("have those that came most often in front", async (given) => {
    const analytics = new given.Analytics({ redis, prefix: given.prefix });
    for (const [identifier, success, count] of [
      ["often", true, 3],
      ["seldom", true, 1],
      ["greedy", false, 2],
      ["listed", "denied", 1],
    ] as const) {
      for (let i = 0; i < count; i += 1) await analytics.record({ identifier, success, time: Date.now() });
    }
    expect(await analytics.getMostAllowedBlocked(24)).toEqual({
      allowed: [
        { identifier: "often", count: 3 },
        { identifier: "seldom", count: 1 },
      ],
      ratelimited: [{ identifier: "greedy", count: 2 }],
      denied: [{ identifier: "listed", count: 1 }],
    });
    expect((await analytics.getMostAllowedBlocked(24, 1)).allowed).toEqual([{ identifier: "often", count: 3 }]);
  });

  differ(
    { theirs: "of one kind overwrite those of another", ours: "add up, where one identifier has several kinds" },
    async (given) => {
      const analytics = new given.Analytics({ redis, prefix: given.prefix });
      for (const country of ["DE", "FR", "FR"]) {
        await analytics.record({ identifier: "id", success: true, time: Date.now(), country });
      }
      const { id } = await analytics.getUsage(Date.now() - HOUR_MS);
      return id?.success;
    },
    { theirs: (count) => expect(count).toBeLessThan(3), ours: (count) => expect(count).toBe(3) },
  );

  differ(
    {
      theirs: "can't be told by a field that some of them lack",
      ours: "are told by a field that some of them lack",
    },
    async (given) => {
      const analytics = new given.Analytics({ redis, prefix: given.prefix });
      await analytics.record({ identifier: "a", success: true, time: Date.now(), country: "DE" });
      await analytics.record({ identifier: "b", success: true, time: Date.now() });
      return analytics.getUsageOverTime(1, "country").catch((error: Error) => error);
    },
    {
      theirs: (outcome) => expect(outcome).toMatchObject({ message: expect.stringContaining("table index is nil") }),
      ours: (outcome) => expect(outcome).toMatchObject([{ country: { DE: 1 } }]),
    },
  );

  differ(
    { theirs: "what was on the deny list counts as passed", ours: "what was on the deny list counts as blocked" },
    async (given) => {
      const analytics = new given.Analytics({ redis, prefix: given.prefix });
      await analytics.record({ identifier: "id", success: "denied", time: Date.now() });
      const { id } = await analytics.getUsage(Date.now() - HOUR_MS);
      return id;
    },
    {
      theirs: (usage) => expect(usage).toEqual({ success: 1, blocked: 0 }),
      ours: (usage) => expect(usage).toEqual({ success: 0, blocked: 1 }),
    },
  );

  differ(
    { theirs: "are kept for ever", ours: "are kept for 90 days" },
    async (given) => {
      const analytics = new given.Analytics({ redis, prefix: given.prefix });
      await analytics.record({ identifier: "id", success: true, time: Date.now() });
      const keys = await redis.keys(`*${given.prefix}*`);
      expect(keys.length).toBe(1);
      return redis.ttl(keys[0] as string);
    },
    {
      theirs: (life) => expect(life).toBe(-1),
      ours: (life) => expect(Math.abs(life - 90 * 86_400)).toBeLessThan(120),
    },
  );

  both("tell where a request came from as platforms tell it", ({ Analytics, prefix }) => {
    const analytics = new Analytics({ redis, prefix });
    expect(analytics.extractGeo({ geo: { country: "DE" } })).toEqual({ country: "DE" });
    expect(analytics.extractGeo({ cf: { city: "Bonn" } })).toEqual({ city: "Bonn" });
    expect(analytics.extractGeo({})).toEqual({});
  });
});

/** A field's counts, whatever stands for none. */
const counted = (counts: unknown) => (counts === undefined ? {} : counts);

describe("a limiter with analytics", () => {
  both("counts what passed, what was limited and what was denied, with where it came from", async (given) => {
    await redis.sadd(`${given.prefix}:denyList:all`, `${given.prefix} mallory`);
    await redis.set(`${given.prefix}:ipDenyListStatus`, "disabled");
    const ratelimit = given.make(given.Ratelimit.fixedWindow(2, "1 d"), { analytics: true, enableProtection: true });
    // So far apart that each check is sent.
    for (let i = 0; i < 3; i += 1) {
      vi.setSystemTime(Date.now() + 61_000);
      await checks(ratelimit, "alice", 1, { geo: { country: "DE" } });
    }
    vi.setSystemTime(Date.now() + 61_000);
    await checks(ratelimit, `${given.prefix} mallory`, 1, { geo: { country: "FR" } });
    const analytics = new given.Analytics({ redis, prefix: given.prefix });
    expect(await analytics.getMostAllowedBlocked(2)).toEqual({
      allowed: [{ identifier: "alice", count: 2 }],
      ratelimited: [{ identifier: "alice", count: 1 }],
      denied: [{ identifier: `${given.prefix} mallory`, count: 1 }],
    });
    const countries = (await analytics.getUsageOverTime(2, "country")).map(({ country }) =>
      Object.entries(country ?? {}),
    );
    const counts = countries.flat().filter(([country]) => country === "DE");
    expect(counts.reduce((sum, [, count]) => sum + count, 0)).toBe(3);
  });

  differ(
    { theirs: "sends every check", ours: "sends the first check, and the others together" },
    async (given) => {
      const own = new Redis({ url: inject("restUrl"), token: inject("restToken"), enableAutoPipelining: false });
      const ratelimit = given.make(ten(given, "slidingWindow", "1 d"), { analytics: true, redis: own });
      const sent = [vi.spyOn(own, "zincrby"), vi.spyOn(own, "evalsha")] as const;
      await checks(ratelimit, "alice", 100);
      const merged = sent[1].mock.calls.filter(([, keys]) => keys[0]?.startsWith("sluice:analytics"));
      return sent[0].mock.calls.length + merged.length;
    },
    { theirs: (count) => expect(count).toBe(100), ours: (count) => expect(count).toBe(1) },
  );

  test("counts nothing twice and loses nothing while it runs on", async () => {
    const prefix = uniqueName();
    const limiter = ours.Ratelimit.slidingWindow(50, "1 d");
    const ratelimit = new ours.Ratelimit({ redis, prefix, limiter, analytics: true });
    const all = [];
    for (let i = 0; i < 400; i += 1) {
      vi.setSystemTime(Date.now() + 400);
      all.push(ratelimit.limit(`user ${i % 4}`).then(({ pending }) => pending));
      if (i % 10 === 0) await Promise.all(all);
    }
    await Promise.all(all);
    vi.setSystemTime(Date.now() + 61_000);
    await (await ratelimit.limit("last")).pending;
    const [figures] = await readAnalytics({
      redis: redis as never,
      limiter: prefix,
      from: Date.now(),
      to: Date.now(),
    });
    const sum = figures?.calls.reduce((sum, { count }) => sum + count, 0);
    expect(sum).toBe(401);
    expect(figures?.asked.keys.slice(0, 4).map(({ count }) => count)).toEqual([100, 100, 100, 100]);
    const passed = figures?.calls
      .filter(({ outcome }) => outcome === "allowed")
      .reduce((sum, { count }) => sum + count, 0);
    expect(passed).toBe(201);
  });
});
