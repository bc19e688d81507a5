import { Redis } from "@upstash/redis";
import { afterAll, describe, expect, inject, test } from "vitest";
import { fixedWindow } from "../../../src/algorithm/policy.ts";
import { StoreError } from "../../../src/core/errors.ts";
import type { LimiterEvent } from "../../../src/core/event.ts";
import { allOf } from "../../../src/limiter/all-of.ts";
import { createLimiter } from "../../../src/limiter/limiter.ts";
import { analytics } from "../../../src/observe/analytics/analytics.ts";
import { type LimiterAnalytics, readAnalytics } from "../../../src/observe/analytics/read-analytics.ts";
import { memoryStore } from "../../../src/store/memory.ts";
import type { RedisClient } from "../../../src/store/redis-client.ts";
import type { RemoteStore } from "../../../src/store/store.ts";
import { upstashClient } from "../../../src/store/upstash.ts";
import { clockAt } from "../../support/clock.ts";
import { uniqueName } from "../../support/redis.ts";
import { callsIn, client, redis, rigOf } from "./rig.ts";

afterAll(() => redis.disconnect());

const MINUTE = 60_000;
const policies = [fixedWindow({ name: "quota", limit: 2, window: "1 h" })];

function limiterOf(rig: ReturnType<typeof rigOf>, more: object = {}) {
  const options = { name: "login", store: memoryStore(), policies, now: rig.clock.now, onEvent: rig.observer };
  return createLimiter({ ...options, ...more });
}

describe("when sums are sent", () => {
  test("with the first event once they are flushMs old, behind the answer, all of them", async () => {
    const rig = rigOf();
    const limiter = limiterOf(rig, { waitUntil: rig.waitUntil });
    await limiter.consume("a");
    rig.clock.ms += MINUTE - 1;
    await limiter.consume("a");
    expect(rig.begun()).toBe(0);
    rig.clock.ms += 1;
    await limiter.consume("a");
    await rig.done();
    expect(rig.merges()).toBe(1);
    expect(callsIn(await rig.read("login"))).toEqual({ "allowed store quota": 2, "denied store quota": 1 });
    rig.clock.ms += MINUTE - 1;
    await limiter.consume("b");
    rig.clock.ms += MINUTE - 1;
    await limiter.consume("b");
    await rig.done();
    expect(rig.merges(), "their age counts from the first event after the last time").toBe(1);
    rig.clock.ms += 1;
    await limiter.consume("b");
    await rig.done();
    expect(rig.merges()).toBe(2);
    expect(callsIn(await rig.read("login"))).toEqual({ "allowed store quota": 4, "denied store quota": 2 });
  });

  test("flushMs is an option", async () => {
    const rig = rigOf({ flushMs: 5000 });
    const limiter = limiterOf(rig, { waitUntil: rig.waitUntil });
    await limiter.consume("a");
    rig.clock.ms += 5000;
    await limiter.consume("a");
    expect(rig.begun()).toBe(1);
  });

  test("never without a waitUntil, but for flush; what the call brings will do", async () => {
    const rig = rigOf();
    const limiter = limiterOf(rig);
    for (let i = 0; i < 10; i += 1) {
      await limiter.consume("a");
      rig.clock.ms += 5 * MINUTE;
    }
    expect(rig.line.sent).toEqual([]);
    await limiter.consume("a", { waitUntil: rig.waitUntil });
    await rig.done();
    expect(callsIn(await rig.read("login"))).toEqual({ "allowed store quota": 2, "denied store quota": 9 });
    await limiter.consume("a");
    await rig.observer.flush();
    expect(callsIn(await rig.read("login"))).toMatchObject({ "denied store quota": 10 });
    const { length } = rig.line.sent;
    await rig.observer.flush();
    expect(rig.line.sent, "nothing is left").toHaveLength(length);
  });

  test("each hour has its own sums, and the end of an hour makes them due", async () => {
    const rig = rigOf();
    const limiter = limiterOf(rig, { waitUntil: rig.waitUntil });
    rig.clock.ms += 60 * MINUTE - 10;
    await limiter.consume("a");
    rig.clock.ms += 10;
    await limiter.consume("a");
    await rig.done();
    expect(rig.merges()).toBe(1);
    await rig.observer.flush();
    const { hours } = await rig.read("login");
    expect(hours.map((hour) => [hour.at, callsIn(hour)])).toEqual([
      [rig.clock.ms - 60 * MINUTE, { "allowed store quota": 1 }],
      [rig.clock.ms, { "allowed store quota": 1 }],
    ]);
  });

  test("hours that nobody could send are kept up to a bound, the oldest lost first", async () => {
    const rig = rigOf();
    const limiter = limiterOf(rig);
    for (let hour = 0; hour < 70; hour += 1) {
      await limiter.consume("a");
      rig.clock.ms += 60 * MINUTE;
    }
    await rig.observer.flush();
    expect(rig.merges()).toBe(64);
  });

  test("one event sends eight limiters at most; the next one goes on", async () => {
    const rig = rigOf();
    const limiters = Array.from({ length: 20 }, (_each, i) => limiterOf(rig, { name: `l${i}` }));
    for (const limiter of limiters) await limiter.consume("a");
    rig.clock.ms += MINUTE;
    const sent: number[] = [];
    for (let i = 0; i < 4; i += 1) {
      await limiters[0]?.consume("a", { waitUntil: rig.waitUntil });
      await rig.done();
      sent.push(rig.merges());
    }
    expect(sent).toEqual([8, 16, 20, 20]);
  });

  test("two flushes at once send nothing twice", async () => {
    const rig = rigOf();
    for (const name of ["a", "b", "c"]) await limiterOf(rig, { name }).consume("k");
    await Promise.all([rig.observer.flush(), rig.observer.flush()]);
    for (const name of ["a", "b", "c"]) expect(callsIn(await rig.read(name))).toEqual({ "allowed store quota": 1 });
  });

  test("a flush that never reports back does not hold up later ones", async () => {
    const rig = rigOf();
    const limiter = limiterOf(rig, { waitUntil: rig.waitUntil });
    const flushes = [];
    rig.line.fate = "hangs";
    for (let i = 0; i < 6; i += 1) {
      await limiter.consume("a");
      rig.clock.ms += MINUTE;
      flushes.push(rig.begun());
      await new Promise(setImmediate);
      if (i === 3) rig.line.fate = "ok";
    }
    expect(flushes).toEqual([0, 1, 1, 2, 2, 3]);
    await expect.poll(async () => callsIn(await rig.read("login"))).toEqual({ "denied store quota": 2 });
  });
});

describe("what is counted", () => {
  test("only what decides; requests to the store by purpose, their failures and times", async () => {
    const rig = rigOf();
    const limiter = limiterOf(rig);
    await limiter.consume("a");
    await limiter.peek("a");
    await limiter.charge("a", 1);
    await limiter.refund("a", 1);
    await limiter.wait("a", { timeoutMs: 0 });
    const { settle } = await limiter.reserve("b");
    await settle(0);
    const down = new StoreError("timeout", "late");
    const slow: RemoteStore = {
      remote: true,
      clock: "limiter",
      async step() {
        rig.clock.ms += 7;
        throw down;
      },
      async reset() {
        rig.clock.ms += 3000;
      },
    };
    const sick = limiterOf(rig, { store: slow, failureMode: "closed", breaker: false });
    for (let i = 0; i < 3; i += 1) await sick.consume("b");
    await sick.reset("b");
    await rig.observer.flush();
    const found = await rig.read("login");
    expect(callsIn(found)).toEqual({ "allowed store quota": 3, "denied fallback quota": 3 });
    expect(found.errors).toEqual({ timeout: 3, network: 0, auth: 0, reply: 0 });
    const none = { timeout: 0, network: 0, auth: 0, reply: 0 };
    expect(found.requests).toEqual([
      { purpose: "analytics", count: 1, failed: none },
      { purpose: "check", count: 3, failed: { ...none, timeout: 3 } },
      { purpose: "reset", count: 1, failed: none },
    ]);
    expect(found.latency.filter(({ count }) => count > 0)).toEqual([
      { upToMs: 10, count: 3 },
      { upToMs: Infinity, count: 1 },
    ]);
    expect(found.latency.map(({ upToMs }) => upToMs)).toEqual([
      ...[1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000],
      Infinity,
    ]);
  });

  test("of several limiters, which one denied: a part that would have let pass was denied by another", async () => {
    const rig = rigOf();
    const store = memoryStore();
    const wide = [fixedWindow({ name: "wide", limit: 100, window: "1 h" })];
    const [org, user] = [
      limiterOf(rig, { name: "org", store, policies: wide }),
      limiterOf(rig, { name: "user", store }),
    ];
    const both = allOf({ org, user }, { onEvent: rig.observer });
    for (let i = 0; i < 5; i += 1) await both.consume({ org: "acme", user: "ada" });
    // Known without asking, so the other limiter has no part in it.
    await both.consume({ org: "acme", user: "ada" }, { limit: { user: 0 } });
    await rig.observer.flush();
    expect(callsIn(await rig.read("org"))).toEqual({
      "allowed store wide": 2,
      "denied-by-another store wide": 3,
      "denied-by-another snapshot ": 1,
    });
    expect(callsIn(await rig.read("user"))).toEqual({
      "allowed store quota": 2,
      "denied store quota": 3,
      "denied snapshot quota": 1,
    });
    expect(callsIn(await rig.read("org+user"))).toEqual({
      "allowed store quota": 2,
      "denied store quota": 3,
      "denied snapshot quota": 1,
    });
    expect((await rig.read("org")).denied.keys).toEqual([]);
    expect((await rig.read("user")).denied.keys).toEqual([{ key: "ada", count: 4, error: 0 }]);
  });

  test("at most 64 limiters, and policies without end only up to a bound; no call is lost for it", async () => {
    const rig = rigOf();
    for (let i = 0; i < 70; i += 1) await limiterOf(rig, { name: `l${i}` }).consume("a");
    const many = "p".repeat(40);
    for (let i = 0; i < 1000; i += 1) {
      const policies = [fixedWindow({ name: `${many}${i}`, limit: 2, window: "1 h" })];
      await limiterOf(rig, { name: "l0", policies, store: memoryStore() }).consume("a");
    }
    await rig.observer.flush();
    expect((await rig.read("l63")).calls).toHaveLength(1);
    expect((await rig.read("l64")).calls).toEqual([]);
    const { calls } = await rig.read("l0");
    expect(calls.length).toBeLessThanOrEqual(301);
    expect(calls.reduce((sum, { count }) => sum + count, 0)).toBe(1001);
  });
});

describe("keys", () => {
  const HOSTILE = [
    "<script>alert(1)</script>",
    "\u202Egnp.exe",
    "\0\u0001\u001f\u007f\u2028",
    '"},"sums":{"x":1}',
    "__proto__",
    "constructor",
    "12345678901234567890",
    "null",
    "{}",
    "\ud800 alone",
    "💧".repeat(60),
    "k".repeat(10_000),
  ];
  const KEPT = HOSTILE.map((key) => (key.length > 96 ? `${key.slice(0, 96)}…` : key).toWellFormed());

  test("hostile ones come back as the text that they are, cut if they are long", async () => {
    const rig = rigOf();
    const limiter = limiterOf(rig);
    for (const [i, key] of HOSTILE.entries()) {
      for (let times = 0; times < 20 - i; times += 1) await limiter.consume(key);
      await rig.observer.flush();
    }
    const { asked, denied } = await rig.read("login");
    expect(asked).toEqual({ keys: KEPT.map((key, i) => ({ key, count: 20 - i, error: 0 })), floor: 0 });
    expect(denied.keys.map(({ key }) => key)).toEqual(KEPT);
  });

  test("hashed: nothing of a key gets to Redis", async () => {
    const rig = rigOf({ keys: "hashed" });
    const limiter = limiterOf(rig);
    for (let i = 0; i < 3; i += 1) await limiter.consume("ada@example.org");
    await rig.observer.flush();
    const { asked, denied } = await rig.read("login");
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode("ada@example.org"));
    const key = Buffer.from(digest).toString("base64url").slice(0, 22);
    expect(asked.keys).toEqual([{ key, count: 3, error: 0 }]);
    expect(denied.keys).toEqual([{ key, count: 1, error: 0 }]);
  });

  test("none: they are left out, and everything else is there", async () => {
    const rig = rigOf({ keys: "none" });
    await limiterOf(rig).consume("ada@example.org");
    await rig.observer.flush();
    const found = await rig.read("login");
    expect(callsIn(found)).toEqual({ "allowed store quota": 1 });
    expect([found.asked, found.denied]).toEqual([
      { keys: [], floor: 0 },
      { keys: [], floor: 0 },
    ]);
  });
});

describe("in Redis", () => {
  test("one key an hour, which ends 30 days after the last addition, or when the option says", async () => {
    const rig = rigOf();
    await limiterOf(rig).consume("a");
    await rig.observer.flush();
    const hour = Math.floor(rig.clock.ms / (60 * MINUTE));
    const key = `${rig.namespace}/sluice:analytics:{login}:${hour}`;
    expect(await redis.exists(key)).toBe(1);
    const left = await redis.pttl(key);
    expect(left).toBeLessThanOrEqual(30 * 24 * 60 * MINUTE);
    expect(left).toBeGreaterThan(30 * 24 * 60 * MINUTE - MINUTE);
    const short = rigOf({ keep: "1 ms" });
    await limiterOf(short).consume("a");
    await short.observer.flush();
    await expect.poll(async () => (await short.read("login")).hours).toEqual([]);
  });

  test("what is no hour is overwritten, and not read", async () => {
    for (const foreign of ["", "no JSON", "7", '{"v":2,"sums":{"allowed store quota":5},"tops":{}}', "[]", "null"]) {
      const rig = rigOf();
      const key = `${rig.namespace}/sluice:analytics:{login}:${Math.floor(rig.clock.ms / (60 * MINUTE))}`;
      await redis.set(key, foreign, "PX", 60_000);
      expect((await rig.read("login")).hours).toEqual([]);
      await limiterOf(rig).consume("a");
      await rig.observer.flush();
      expect(callsIn(await rig.read("login"))).toEqual({ "allowed store quota": 1 });
    }
  });
});

describe("descriptions", () => {
  test("limiters describe themselves with their first sums, and once a day; the reader finds them by that", async () => {
    const clock = clockAt(Date.now());
    const told: LimiterEvent[] = [];
    const rig = rigOf({ onEvent: (event) => void told.push(event) }, clock);
    const described = () => told.length - rig.merges();
    const limiters = ["api", "login"].map((name) => limiterOf(rig, { name }));
    limiterOf(rig, { name: "never-used" });
    for (let flush = 0; flush < 3; flush += 1) {
      for (const limiter of limiters) await limiter.consume("a");
      await rig.observer.flush();
    }
    expect(described()).toBe(2);
    const span = { from: clock.ms, to: clock.ms };
    const found = await readAnalytics({ redis: client, namespace: rig.namespace, ...span });
    expect(found.map(({ limiter, hours }) => [limiter, hours.length])).toEqual([
      ["api", 1],
      ["login", 1],
    ]);
    clock.ms += 24 * 60 * MINUTE;
    await limiters[0]?.consume("a");
    rig.line.fate = "lost";
    await rig.observer.flush();
    expect(described(), "not while Redis is away").toBe(2);
    rig.line.fate = "ok";
    await rig.observer.flush();
    expect(described(), "asked whether Redis is there, and described").toBe(4);
  });
});

describe("its own requests", () => {
  test("are told to others, with purpose, time and failure, and never to the caller", async () => {
    const events: LimiterEvent[] = [];
    const rig = rigOf({ onEvent: (event) => void events.push(event) });
    const limiter = limiterOf(rig, { waitUntil: rig.waitUntil });
    await limiter.consume("a");
    await rig.observer.flush();
    rig.line.fate = "lost";
    await limiter.consume("a");
    rig.clock.ms += MINUTE;
    expect(await limiter.consume("a")).toMatchObject({ allowed: false });
    await rig.done();
    expect(events).toMatchObject([
      // The sums, then the description.
      { type: "store", limiter: "login", purpose: "analytics", ms: 0 },
      { type: "store", limiter: "login", purpose: "analytics", ms: 0 },
      { type: "store", limiter: "login", purpose: "analytics", ms: 0, error: { kind: "network" } },
    ]);
    expect(events[0]).not.toHaveProperty("error");
    rig.line.fate = "ok";
    await rig.observer.flush();
    const { requests } = await rig.read("login");
    expect(requests).toMatchObject([{ purpose: "analytics", count: 3, failed: { network: 1 } }]);
  });
});

test.each<[string, object, string]>([
  ["flushMs", { flushMs: 10 }, "flushMs must be a whole number from 1000 to 3600000, not 10"],
  ["keep", { keep: "400 d" }, "keep must be a whole number from 1 to"],
  ["keys", { keys: "some" }, 'keys must be "plain", "hashed" or "none", not "some"'],
  ["now", { now: 5 }, "now must be a function, not 5"],
  ["redis", { redis: {} }, "redis must have the method evalsha"],
  ["namespace", { namespace: "a/b" }, "namespace must be 1 to 64"],
  ["onEvent", { onEvent: 1 }, "onEvent must be a function or a list of functions, not 1"],
])("misuse of %s is told by name", (_option, options, message) => {
  const rig = { redis: redis as never };
  expect(() => analytics({ ...rig, ...options } as never)).toThrow(message);
});

test.each<[string, () => RedisClient]>([
  ["upstashClient", () => upstashClient({ url: inject("restUrl"), token: inject("restToken") })],
  ["@upstash/redis", () => new Redis({ url: inject("restUrl"), token: inject("restToken"), retry: { retries: 0 } })],
])("written and read over REST with %s", async (_name, clientOf) => {
  const [namespace, clock] = [uniqueName(), clockAt()];
  const redis = clientOf();
  const onEvent = analytics({ redis, namespace, now: clock.now });
  const limiter = createLimiter({ name: "rest", store: memoryStore(), policies, now: clock.now, onEvent });
  for (let times = 0; times < 3; times += 1) {
    for (const key of ["42", "null", "{}"]) await limiter.consume(key);
    await onEvent.flush();
  }
  const read = await readAnalytics({ redis, namespace, limiter: ["rest", "other"], from: clock.ms, to: clock.ms });
  expect(read.map(({ limiter, hours }) => [limiter, hours.map(({ at }) => at)])).toEqual([
    ["rest", [clock.ms]],
    ["other", []],
  ]);
  expect(callsIn(read[0] as LimiterAnalytics)).toEqual({ "allowed store quota": 6, "denied store quota": 3 });
  expect(read[0]?.asked.keys.map(({ key, count }) => [key, count])).toEqual([
    ["42", 3],
    ["null", 3],
    ["{}", 3],
  ]);
});

test("readAnalytics: misuse is told by name, and what Redis does not answer rejects", async () => {
  const day = { redis: rigOf().line, limiter: "login", from: 0, to: new Date(3_600_000) };
  await expect(readAnalytics({ ...day, limiter: [5] as never })).rejects.toThrow("limiter must be a name or a list");
  await expect(readAnalytics({ ...day, from: "today" as never })).rejects.toThrow("from must be a Date or ms");
  await expect(readAnalytics({ ...day, to: new Date(Number.NaN) })).rejects.toThrow("to must be a Date or ms");
  await expect(readAnalytics({ ...day, from: 5e6, to: 1e6 })).rejects.toThrow("to must be no earlier than from");
  await expect(readAnalytics({ ...day, to: 400 * 24 * 3_600_000 })).rejects.toThrow("at most 366 days later");
  day.redis.fate = "lost";
  await expect(readAnalytics(day)).rejects.toMatchObject({ name: "StoreError", kind: "network" });
});
