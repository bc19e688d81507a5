import { createLimiter, memoryStore, slidingLog, slidingWindow, tokenBucket } from "sluice";
import { expect, test } from "vitest";
import { exactBucket, exactWindow, judge, type Said, sum, twoCounters } from "../../bench/accuracy/oracle.ts";
import { traffics } from "../../bench/accuracy/traffic.ts";

const quota = { limit: 2, windowMs: 1000 };

test("an exact window has room again in the ms in which the oldest admission leaves", () => {
  expect(exactWindow([10_100, 10_500], 11_099, quota)).toBe(false);
  expect(exactWindow([10_100, 10_500], 11_100, quota)).toBe(true);
});

test("two counters weigh the window before by what still overlaps", () => {
  // Two in the window before: at 500 ms they count for one, which leaves room for one.
  expect(twoCounters([10_100, 10_900], 11_499, quota)).toBe(false);
  expect(twoCounters([10_100, 10_900], 11_500, quota)).toBe(true);
  expect(twoCounters([10_100, 10_900, 11_500], 11_501, quota)).toBe(false);
});

test("an exact bucket gives a token each half second, and none before", () => {
  expect(exactBucket([10_000, 10_000], 10_499, quota)).toBe(false);
  expect(exactBucket([10_000, 10_000], 10_500, quota)).toBe(true);
  expect(exactBucket([10_000, 10_000, 10_500], 10_999, quota)).toBe(false);
  expect(exactBucket([], 0, quota)).toBe(true);
});

test("a verdict counts what was denied with room and admitted without", () => {
  const said: Said[] = [
    { at: 10_000, allowed: true },
    { at: 10_001, allowed: false },
    { at: 10_002, allowed: true },
    { at: 10_003, allowed: true },
    { at: 10_004, allowed: false },
  ];
  const verdict = judge(said, exactWindow, quota);
  expect(verdict).toEqual({ checks: 5, admitted: 3, due: 2, wronglyDenied: 1, wronglyAdmitted: 1 });
  expect(sum([verdict, verdict]).checks).toBe(10);
});

test("the traffic is the same in every run, in order of time, and within its windows", () => {
  const twice = [1, 2].map(() => traffics({ limit: 20, windowMs: 1000 }, 3));
  expect(twice[0]).toEqual(twice[1]);
  for (const { name, arrivals } of twice[0] ?? []) {
    const times = arrivals.map(({ at }) => at);
    expect(times.length, name).toBeGreaterThan(20);
    expect(times, name).toEqual(times.toSorted((a, b) => a - b));
    expect(times.at(-1), name).toBeLessThan(3000);
  }
});

test.each([
  ["sliding log", slidingLog, exactWindow],
  ["sliding window", slidingWindow, twoCounters],
  ["token bucket", tokenBucket, exactBucket],
])("the %s never errs by its own definition, on any traffic", async (_name, policy, definition) => {
  const hundred = { limit: 20, windowMs: 1000 };
  for (const { name, arrivals } of traffics(hundred, 4)) {
    let now = 0;
    const limiter = createLimiter({
      name: "test",
      store: memoryStore(),
      policies: [policy({ limit: hundred.limit, window: hundred.windowMs })],
      now: () => now,
    });
    const said = new Map<string, Said[]>();
    for (const { at, key } of arrivals) {
      now = 1_900_000_000_000 + at;
      const { allowed } = await limiter.consume(key);
      said.set(key, [...(said.get(key) ?? []), { at: now, allowed }]);
    }
    for (const answers of said.values()) {
      expect(judge(answers, definition, hundred), name).toMatchObject({ wronglyDenied: 0, wronglyAdmitted: 0 });
    }
  }
});
