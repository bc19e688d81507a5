import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { fixedWindow, type Policy, slidingWindow, tokenBucket } from "../../src/algorithm/policy.ts";
import type { Decision, KnownDecision } from "../../src/core/decision.ts";
import { StoreError } from "../../src/core/errors.ts";
import type { WaitOptions } from "../../src/limiter/call-options.ts";
import { createLimiter } from "../../src/limiter/limiter.ts";
import type { LimiterOptions } from "../../src/limiter/options.ts";
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

  test("a caller that goes gives back no more than has not refilled by the clock of an isolate that runs ahead", async () => {
    const { store, limiter, wait } = limiterOf(bucket);
    const ahead = createLimiter({ name: "test", store, policies: [bucket], now: () => Date.now() + 11_500 });
    await limiter.consume("k", { cost: 5 });
    const caller = new AbortController();
    wait({ cost: 2, timeoutMs: 60_000, signal: caller.signal });
    await passing(1000);
    // By that clock the bucket is 12.5 s older: it would have been whole for 2.5 s without the two, and has 4.25 with them.
    expect(await ahead.consume("k", { cost: 2 })).toMatchObject({ allowed: true, remaining: 2 });
    caller.abort("gone");
    await passing(0);
    // Without the two 3 would be left.
    expect(await ahead.peek("k", { cost: 3 })).toMatchObject({ allowed: true, remaining: 3, resetAfterMs: 4000 });
  });

  test("a caller that goes gives nothing back to another bucket that has refilled what was taken there", async () => {
    const fast = tokenBucket({ name: "fast", limit: 50, window: "10 s" });
    const { limiter, wait } = limiterOf(bucket, fast);
    await limiter.consume("k", { cost: 5 });
    await passing(1000);
    const caller = new AbortController();
    wait({ cost: 2, timeoutMs: 60_000, signal: caller.signal });
    await passing(1000);
    await limiter.charge("k", { bucket: 0, fast: 40 });
    caller.abort("gone");
    await passing(0);
    const { policies } = (await limiter.peek("k")) as KnownDecision;
    expect(policies).toMatchObject([{ resetAfterMs: 8000 }, { remaining: 10, resetAfterMs: 8000 }]);
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

describe("a wait keeps to its time", () => {
  const hanging = () => ({ ...simulatedRedis(Date.now), step: () => new Promise<never>(() => {}) });

  test("also while the store hangs, which is no failure of the store as long as it has its own time", async () => {
    const limiter = createLimiter({ name: "test", store: hanging(), policies: [bucket], failureMode: "closed" });
    for (let i = 0; i < 5; i += 1) {
      const answer = limiter.wait("k", { timeoutMs: 50 });
      await passing(51);
      expect(await answer).toMatchObject({ allowed: false, source: "fallback", error: { kind: "timeout" } });
    }
    const whole = limiter.wait("k", { timeoutMs: 60_000 });
    await passing(1001);
    // Had the breaker counted the five, it would not have been asked.
    expect((await whole).error?.message).toMatch(/did not answer within 1000 ms/);
  });

  test("with none, the call is made once and has the limiter's own time", async () => {
    const late = simulatedRedis(Date.now);
    const step: typeof late.step = async (request, signal) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return late.step(request, signal);
    };
    const limiter = createLimiter({ name: "test", store: { ...late, step }, policies: [bucket] });
    const answer = limiter.wait("k", { timeoutMs: 0 });
    await passing(20);
    expect(await answer).toMatchObject({ allowed: true, source: "store" });
  });

  test("also when the clock is set back meanwhile", async () => {
    const policies = [fixedWindow({ limit: 1, window: "10 s" })];
    const start = Date.now();
    let backMs = 0;
    const now = () => Date.now() - backMs;
    const limiter = createLimiter({ name: "test", store: simulatedRedis(Date.now), policies, now });
    await limiter.consume("k");
    let endedAfterMs: number | undefined;
    const answer = limiter.wait("k", { timeoutMs: 15_000 });
    answer.then(() => {
      endedAfterMs = Date.now() - start;
    });
    await passing(4000);
    backMs = 3_600_000;
    await passing(11_000);
    expect(endedAfterMs).toBeLessThanOrEqual(15_000);
    await answer;
  });
});

describe("a caller that goes", () => {
  function slowLimiter(options: Partial<LimiterOptions> = {}) {
    const store = simulatedRedis(Date.now);
    const step: typeof store.step = async (request, signal) => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      return store.step(request, signal);
    };
    return createLimiter({ name: "test", store: { ...store, step }, policies: [bucket], ...options });
  }

  test.each([true, false])("hears of it before its place is given back; waitUntil: %s", async (platform) => {
    const tasks: Promise<unknown>[] = [];
    const limiter = slowLimiter(platform ? { waitUntil: (task) => tasks.push(task) } : {});
    const taken = limiter.consume("k", { cost: 5 });
    await passing(300);
    await taken;
    const caller = new AbortController();
    const reason = limiter.wait("k", { timeoutMs: 60_000, signal: caller.signal }).catch((reason: unknown) => reason);
    await passing(500);
    const at = Date.now();
    caller.abort("gone");
    expect(await reason).toBe("gone");
    expect(Date.now()).toBe(at);
    await passing(300);
    expect(tasks).toHaveLength(platform ? 1 : 0);
    const peek = limiter.peek("k");
    await passing(300);
    expect(await peek).toMatchObject({ retryAfterMs: 2000 - 300 - 200 - 600 });
  });

  test("leaves its place empty if somebody has queued behind it, so that nobody acts together with another", async () => {
    const pace = tokenBucket({ limit: 1, window: "1 s", burst: 1 });
    const { wait } = limiterOf(pace);
    const caller = new AbortController();
    const first = wait({ timeoutMs: 60_000 });
    const gone = wait({ timeoutMs: 60_000, signal: caller.signal });
    const behind = wait({ timeoutMs: 60_000 });
    await passing(500);
    caller.abort("gone");
    await passing(0);
    const newcomer = wait({ timeoutMs: 60_000 });
    await passing(60_000);
    expect(gone.reason).toBe("gone");
    expect([first, behind, newcomer].map(({ endedAfterMs }) => endedAfterMs)).toEqual([0, 2000, 2500]);
  });

  test("whoever comes and goes, those who stay act at times that keep to the bucket", async () => {
    const arrivals = fc.array(
      fc.record({
        pauseMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 700 })),
        cost: fc.integer({ min: 1, max: 2 }),
        leavesAfterMs: fc.option(fc.integer({ min: 0, max: 4000 }), { nil: undefined }),
      }),
      { minLength: 2, maxLength: 25, size: "max" },
    );
    let left = 0;
    const property = fc.asyncProperty(arrivals, fc.integer({ min: 2, max: 4 }), async (list, burst) => {
      const { limiter } = limiterOf(tokenBucket({ limit: 2, window: "1 s", burst }));
      const acts: { at: number; cost: number }[] = [];
      for (const { pauseMs, cost, leavesAfterMs } of list) {
        await passing(pauseMs);
        const caller = new AbortController();
        limiter.wait("k", { cost, timeoutMs: 600_000, signal: caller.signal }).then(
          () => acts.push({ at: Date.now(), cost }),
          () => {
            left += 1;
          },
        );
        if (leavesAfterMs !== undefined) setTimeout(() => caller.abort("gone"), leavesAfterMs);
      }
      await passing(60_000);
      for (const [i, first] of acts.entries()) {
        let taken = 0;
        for (const { at, cost } of acts.slice(i)) {
          taken += cost;
          // In units, of which a ms refills 2 and a token has 1000; a delay is rounded up to a whole ms.
          expect(taken * 1000).toBeLessThan(burst * 1000 + (at - first.at + 1) * 2);
        }
      }
    });
    await fc.assert(property, { numRuns: 100 });
    expect(left).toBeGreaterThan(100);
  });
});
