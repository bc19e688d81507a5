import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { fixedWindow, type Policy, slidingWindow, tokenBucket } from "../../src/algorithm/policy.ts";
import type { Decision } from "../../src/core/decision.ts";
import { StoreError } from "../../src/core/errors.ts";
import type { WaitOptions } from "../../src/limiter/call-options.ts";
import { createLimiter } from "../../src/limiter/limiter.ts";
import { MIDNIGHT } from "../support/clock.ts";
import { simulatedRedis } from "../support/simulated-redis.ts";

beforeEach(() => vi.useFakeTimers({ now: MIDNIGHT }));
afterEach(() => {
  expect(vi.getTimerCount(), "timers left behind").toBe(0);
  vi.useRealTimers();
});

const bucket = tokenBucket({ name: "bucket", limit: 5, window: "10 s" });

function limiterOf(...policies: Policy[]) {
  const store = simulatedRedis(() => Date.now());
  const limiter = createLimiter({ name: "test", store, policies });
  /** A wait, and when it ended. */
  const wait = (options: WaitOptions) => {
    const state: { decision?: Decision; reason?: unknown; endedAfterMs?: number } = {};
    const since = Date.now();
    limiter
      .wait("k", options)
      .then(
        (decision) => {
          state.decision = decision;
        },
        (reason: unknown) => {
          state.reason = reason;
        },
      )
      .finally(() => {
        state.endedAfterMs = Date.now() - since;
      });
    return state;
  };
  return { store, limiter, wait };
}

const passing = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe("on a token bucket", () => {
  test("a waiter goes the millisecond its token is there, after one round trip", async () => {
    const { store, limiter, wait } = limiterOf(bucket);
    await limiter.consume("k", { cost: 5 });
    const waiter = wait({ timeoutMs: 5000 });
    await passing(1999);
    expect(waiter).toEqual({});
    await passing(1);
    expect(waiter).toMatchObject({ decision: { allowed: true, delayMs: 0, retryAfterMs: 0 }, endedAfterMs: 2000 });
    expect(store.asked).toBe(2);
  });

  test("several go in the order they came, each in its turn, with one round trip each", async () => {
    const { store, limiter, wait } = limiterOf(bucket);
    await limiter.consume("k", { cost: 5 });
    const waiters = [1, 2, 1, 1].map((cost) => wait({ cost, timeoutMs: 60_000 }));
    await passing(60_000);
    expect(waiters.map(({ endedAfterMs }) => endedAfterMs)).toEqual([2000, 6000, 8000, 10_000]);
    expect(waiters.every(({ decision }) => decision?.allowed)).toBe(true);
    expect(store.asked).toBe(5);
  });

  test("what is there is given at once", async () => {
    const { wait } = limiterOf(bucket);
    const waiter = wait({ cost: 5, timeoutMs: 0 });
    await passing(0);
    expect(waiter).toMatchObject({ decision: { allowed: true, remaining: 0 }, endedAfterMs: 0 });
  });

  test.each([
    [1999, false],
    [2000, true],
  ])("waiting for 2000 ms with a timeout of %d: %s", async (timeoutMs, allowed) => {
    const { limiter, wait } = limiterOf(bucket);
    await limiter.consume("k", { cost: 5 });
    const waiter = wait({ timeoutMs });
    await passing(0);
    // Denied at once, since the wait would be in vain; and then nothing is taken.
    if (allowed) expect(waiter).toEqual({});
    else expect(waiter).toMatchObject({ decision: { allowed: false, retryAfterMs: 2000 }, endedAfterMs: 0 });
    await passing(2000);
    expect(waiter.decision?.allowed).toBe(allowed);
    expect(await limiter.peek("k")).toMatchObject({ allowed: !allowed });
  });

  test("a cost that can never pass is denied at once", async () => {
    const { wait } = limiterOf(bucket);
    const waiter = wait({ cost: 6, timeoutMs: 2 ** 31 - 1 });
    await passing(0);
    expect(waiter).toMatchObject({ decision: { allowed: false, retryAfterMs: Infinity }, endedAfterMs: 0 });
  });

  test("a caller that goes gives back what was lent", async () => {
    const { limiter, wait } = limiterOf(bucket);
    await limiter.consume("k", { cost: 5 });
    const caller = new AbortController();
    const gone = wait({ cost: 2, timeoutMs: 60_000, signal: caller.signal });
    await passing(1000);
    expect(await limiter.peek("k")).toMatchObject({ retryAfterMs: 5000 });
    caller.abort("gone");
    await passing(0);
    expect(gone).toEqual({ reason: "gone", endedAfterMs: 1000 });
    expect(await limiter.peek("k")).toMatchObject({ retryAfterMs: 1000 });
  });

  test("a limit of the call's own counts for what is lent and given back", async () => {
    const { limiter, wait } = limiterOf(bucket);
    await limiter.consume("k", { cost: 10, limit: 10 });
    const caller = new AbortController();
    const gone = wait({ limit: 10, timeoutMs: 60_000, signal: caller.signal });
    const stays = wait({ limit: 10, timeoutMs: 60_000 });
    await passing(500);
    caller.abort("gone");
    await passing(5000);
    expect(gone).toEqual({ reason: "gone", endedAfterMs: 500 });
    expect(stays).toMatchObject({ decision: { allowed: true, limit: 10 }, endedAfterMs: 2000 });
  });
});

describe("on windows", () => {
  test("a waiter goes at the fixed window's end; where that is full too, at the next one's", async () => {
    const { limiter, wait } = limiterOf(fixedWindow({ limit: 2, window: "10 s" }));
    await passing(3000);
    await limiter.consume("k", { cost: 2 });
    const waiters = [wait({ timeoutMs: 60_000 }), wait({ timeoutMs: 60_000 }), wait({ timeoutMs: 60_000 })];
    await passing(60_000);
    expect(waiters.map(({ endedAfterMs }) => endedAfterMs)).toEqual([7000, 7000, 17_000]);
    expect(waiters.every(({ decision }) => decision?.allowed)).toBe(true);
  });

  test("a waiter goes as soon as the sliding window has room, and is asked for once more only", async () => {
    const { store, limiter, wait } = limiterOf(slidingWindow({ limit: 10, window: "10 s" }));
    await limiter.consume("k", { cost: 10 });
    const waiter = wait({ timeoutMs: 60_000 });
    await passing(60_000);
    expect(waiter).toMatchObject({ decision: { allowed: true, source: "store" }, endedAfterMs: 11_000 });
    expect(store.asked).toBe(2);
  });

  test("a waiter that loses its place to another is denied once its time can't suffice", async () => {
    const { limiter, wait } = limiterOf(fixedWindow({ limit: 2, window: "10 s" }));
    await limiter.consume("k", { cost: 2 });
    const waiters = [wait({ cost: 2, timeoutMs: 15_000 }), wait({ cost: 2, timeoutMs: 15_000 })];
    await passing(10_000);
    expect(waiters[0]).toMatchObject({ decision: { allowed: true }, endedAfterMs: 10_000 });
    expect(waiters[1]).toMatchObject({ decision: { allowed: false, retryAfterMs: 10_000 }, endedAfterMs: 10_000 });
  });

  test("a caller that goes has taken nothing", async () => {
    const { limiter, wait } = limiterOf(fixedWindow({ limit: 2, window: "10 s" }));
    await limiter.consume("k", { cost: 2 });
    const caller = new AbortController();
    const gone = wait({ timeoutMs: 60_000, signal: caller.signal });
    await passing(9999);
    caller.abort("gone");
    await passing(1);
    expect(gone).toEqual({ reason: "gone", endedAfterMs: 9999 });
    expect(await limiter.peek("k")).toMatchObject({ remaining: 2 });
  });
});

test("on several policies, a waiter goes when all of them allow it", async () => {
  const { limiter, wait } = limiterOf(bucket, fixedWindow({ name: "quota", limit: 6, window: "10 s" }));
  await limiter.consume("k", { cost: 5 });
  const [first, second] = [wait({ timeoutMs: 60_000 }), wait({ timeoutMs: 60_000 })];
  await passing(60_000);
  expect(first).toMatchObject({ decision: { allowed: true }, endedAfterMs: 2000 });
  expect(second).toMatchObject({ decision: { allowed: true }, endedAfterMs: 10_000 });
});

test("a caller that is gone already asks for nothing", async () => {
  const { store, limiter, wait } = limiterOf(bucket);
  const gone = wait({ timeoutMs: 1000, signal: AbortSignal.abort("gone") });
  await passing(0);
  expect(gone).toEqual({ reason: "gone", endedAfterMs: 0 });
  expect(store.asked).toBe(0);
  await limiter.consume("k", { cost: 5 });
  // Nor is it told a denial that needs no asking.
  await expect(limiter.consume("k", { signal: AbortSignal.abort("gone") })).rejects.toBe("gone");
});

test.each([
  ["open", true],
  ["closed", false],
] as const)("with the store down, failure mode %s answers at once", async (failureMode, allowed) => {
  const down = { ...simulatedRedis(Date.now), step: () => Promise.reject(new StoreError("network", "down")) };
  const limiter = createLimiter({ name: "test", store: down, policies: [bucket], failureMode });
  expect(await limiter.wait("k", { timeoutMs: 60_000 })).toMatchObject({ allowed, source: "fallback" });
});
