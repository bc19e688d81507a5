import { describe, expect, test } from "vitest";
import { calendar } from "../../src/algorithm/calendar.ts";
import { fixedWindow } from "../../src/algorithm/policy.ts";
import { createLimiter } from "../../src/limiter/limiter.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { type PeriodName, periodName, switchesOf, ZONES } from "../support/calendars.ts";
import { clockAt } from "../support/clock.ts";
import { known } from "../support/known.ts";
import { randomFrom } from "../support/random.ts";
import { simulatedRedis } from "../support/simulated-redis.ts";

const DAY_MS = 86_400_000;
const FROM = Date.UTC(2021, 0, 1);
const TO = Date.UTC(2031, 0, 1);
const PERIODS: PeriodName[] = ["1 day", "1 week", "1 month"];

const policyOf = (period: PeriodName, timeZone: string, limit = 1) =>
  fixedWindow({ limit, window: calendar(period, { timeZone }) });

describe.each(ZONES)("%s", (timeZone) => {
  const switches = switchesOf(timeZone, FROM, TO);

  test.each(PERIODS)(
    "%s over ten years: each period lets its first call pass and denies the others until it ends",
    async (period) => {
      const seed = Math.floor(Math.random() * 2 ** 32);
      const random = randomFrom(seed);
      const times = Array.from({ length: 3000 }, () => FROM + random.below(TO - FROM));
      // Around each switch of summer time, and around midnight by any wall clock near it.
      for (const at of switches)
        times.push(at - 1, at, at + 1, ...Array.from({ length: 30 }, () => at + random.below(3 * DAY_MS) - DAY_MS));
      times.sort((a, b) => a - b);
      const nameOf = periodName(period, timeZone);
      const clock = clockAt(FROM);
      const options = { name: "test", policies: [policyOf(period, timeZone)], now: clock.now, snapshots: false };
      const limiter = createLimiter({ ...options, store: memoryStore() });
      let last = "";
      let denials = 0;
      for (const time of times) {
        clock.ms = time;
        const answer = known(await limiter.consume("k"));
        const where = `seed ${seed}: ${time}, ${nameOf(time)}`;
        expect(answer.allowed, where).toBe(nameOf(time) !== last);
        last = nameOf(time);
        if (!answer.allowed) {
          denials += 1;
          expect(nameOf(time + answer.retryAfterMs - 1), where).toBe(last);
          expect(nameOf(time + answer.retryAfterMs), where).not.toBe(last);
        }
        expect(nameOf(time + answer.resetAfterMs - 1), where).toBe(last);
        expect(nameOf(time + answer.resetAfterMs), where).not.toBe(last);
      }
      expect(denials).toBeGreaterThan(period === "1 day" ? 300 : 1000);
    },
  );

  test("every switch of summer time: the period's first and last ms are those of the platform's calendar", async () => {
    if (timeZone !== "UTC" && timeZone !== "Asia/Kathmandu") expect(switches.length).toBeGreaterThan(0);
    for (const period of PERIODS) {
      const nameOf = periodName(period, timeZone);
      for (const at of switches) {
        for (const time of [at - 1, at, at + 1]) {
          const clock = clockAt(time);
          const options = { name: "test", policies: [policyOf(period, timeZone)], now: clock.now };
          const limiter = createLimiter({ ...options, store: memoryStore() });
          const { resetAfterMs } = known(await limiter.consume("k"));
          expect(nameOf(time + resetAfterMs - 1)).toBe(nameOf(time));
          expect(nameOf(time + resetAfterMs)).not.toBe(nameOf(time));
        }
      }
    }
  });
});

test("a day that the zone left out belongs to nobody", async () => {
  // Samoa went from Thursday 2011-12-29 to Saturday 2011-12-31.
  const thursday = Date.UTC(2011, 11, 30, 9, 0);
  const clock = clockAt(thursday);
  const limiter = createLimiter({
    name: "test",
    store: memoryStore(),
    policies: [policyOf("1 day", "Pacific/Apia")],
    now: clock.now,
  });
  expect(await limiter.consume("k")).toMatchObject({ allowed: true, resetAfterMs: 3_600_000 });
  clock.ms += 3_600_000;
  expect(await limiter.consume("k")).toMatchObject({ allowed: true, resetAfterMs: DAY_MS });
});

describe("clocks that differ", () => {
  const MIDNIGHT_UTC = Date.UTC(2026, 1, 1);

  test("a clock behind counts in the period that another one has begun, and is told when that ends", async () => {
    let now = MIDNIGHT_UTC;
    const store = simulatedRedis(() => now);
    const policies = [policyOf("1 month", "UTC", 2)];
    const [right, behind] = [0, -400].map((skew) =>
      createLimiter({ name: "test", store, policies, now: () => now + skew, snapshots: false }),
    );
    expect(await right?.consume("k")).toMatchObject({ allowed: true, resetAfterMs: 28 * DAY_MS });
    expect(await behind?.consume("k")).toMatchObject({ allowed: true, remaining: 0, resetAfterMs: 28 * DAY_MS + 400 });
    expect(await behind?.consume("k")).toMatchObject({ allowed: false, retryAfterMs: 28 * DAY_MS + 400 });
    now += 28 * DAY_MS;
    expect(await right?.consume("k")).toMatchObject({ allowed: true, remaining: 1, resetAfterMs: 31 * DAY_MS });
  });

  test.each([-40 * DAY_MS, -DAY_MS, -1, 0, 1, DAY_MS, 40 * DAY_MS])(
    "by the store's clock, the limiter's %d ms off",
    async (skew) => {
      const store = memoryStore({ now: () => clock.ms });
      const clock = clockAt(MIDNIGHT_UTC + 12 * 3_600_000);
      const policies = [policyOf("1 day", "UTC", 1)];
      const limiter = createLimiter({ name: "test", store, policies, now: () => clock.ms + skew });
      expect((await limiter.consume("k")).allowed).toBe(true);
      clock.ms += 12 * 3_600_000 - 1;
      expect((await limiter.consume("k")).allowed).toBe(false);
      clock.ms += 1;
      expect((await limiter.consume("k")).allowed).toBe(true);
    },
  );
});

test("what is given back goes to the period that it was taken in, and nowhere else", async () => {
  const clock = clockAt(Date.UTC(2026, 0, 31, 23));
  const limiter = createLimiter({
    name: "test",
    store: memoryStore(),
    policies: [policyOf("1 month", "UTC", 5)],
    now: clock.now,
  });
  const january = await limiter.consume("k", { cost: 4 });
  expect(await limiter.refund("k", 1, { since: january })).toMatchObject({ remaining: 2 });
  clock.ms += 2 * 3_600_000;
  const february = await limiter.consume("k", { cost: 3 });
  expect(await limiter.refund("k", 3, { since: january })).toMatchObject({ remaining: 2 });
  expect(await limiter.refund("k", 1, { since: february })).toMatchObject({ remaining: 3 });
});

test("limits far beyond what a window of ms takes", async () => {
  const limit = 9_007_199_254_740_990;
  const limiter = createLimiter({ name: "test", store: memoryStore(), policies: [policyOf("1 month", "UTC", limit)] });
  expect(await limiter.consume("k", { cost: limit - 1 })).toMatchObject({ allowed: true, remaining: 1 });
  expect(await limiter.consume("k", { cost: 2 })).toMatchObject({ allowed: false });
  expect(await limiter.consume("k", { cost: 3, limit: 7 })).toMatchObject({ allowed: false });
});

test("a calendar's window is another one than so many hours", () => {
  const names = [
    fixedWindow({ limit: 3, window: "1 d" }),
    fixedWindow({ limit: 3, window: calendar("1 day") }),
    fixedWindow({ limit: 3, window: calendar("1 month", { timeZone: "Asia/Tokyo" }), name: "budget" }),
  ].map(({ name, windowMs }) => [name, windowMs]);
  expect(names).toEqual([
    ["3-per-1d", DAY_MS],
    ["3-per-1day", DAY_MS],
    ["budget", 31 * DAY_MS],
  ]);
});
