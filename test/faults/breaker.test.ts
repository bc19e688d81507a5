import {
  createLimiter,
  fixedWindow,
  type LimiterOptions,
  type Store,
  StoreError,
  type StoreErrorKind,
  tokenBucket,
} from "sluice";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createBreaker } from "../../src/limiter/breaker.ts";
import { passedClock } from "../support/passed-clock.ts";

const policy = tokenBucket({ limit: 5, window: "1 m" });

// Half of the random cut: a pause of 500 ms lasts 375.
beforeEach(() => void vi.spyOn(Math, "random").mockReturnValue(0.5));
afterEach(() => void vi.restoreAllMocks());

/** A limiter whose store does as it is told, and how often it was asked. */
function limiterOf(options: Partial<LimiterOptions> = {}) {
  const clock = passedClock();
  const store = {
    asked: 0,
    answer: (): Promise<never> | undefined => Promise.reject(new StoreError("network", "out of reach")),
  };
  const remote: Extract<Store, { remote: true }> = {
    remote: true,
    clock: "limiter",
    async step(request) {
      store.asked += 1;
      await store.answer();
      const { allowed, state } = request.program.step(undefined, request.now, request.demands);
      return { allowed, state };
    },
    reset: async () => {
      store.asked += 1;
      await store.answer();
    },
  };
  const limiter = createLimiter({ name: "test", store: remote, policies: [policy], now: clock.now, ...options });
  return { clock, store, limiter };
}

type Told = ReturnType<typeof limiterOf>;

async function failing({ limiter }: Told, times: number) {
  for (let i = 0; i < times; i += 1) await limiter.consume("k");
}

test("after three failures in a row the store is not asked until the pause is over", async () => {
  const told = limiterOf();
  await failing(told, 100);
  expect(told.store.asked).toBe(3);
  told.clock.advance(374);
  await failing(told, 100);
  expect(told.store.asked).toBe(3);
  told.clock.advance(1);
  await failing(told, 100);
  expect(told.store.asked).toBe(4);
});

test("what is answered meanwhile carries the last error's kind and says until when", async () => {
  const told = limiterOf();
  told.store.answer = () =>
    Promise.reject(new StoreError("reply", "Redis answered with an error: READONLY", "READONLY"));
  await failing(told, 3);
  const decision = await told.limiter.consume("k");
  const until = new Date(told.clock.now() + 375).toISOString();
  expect(decision).toMatchObject({ source: "fallback", allowed: true, error: { kind: "reply", code: "READONLY" } });
  expect(decision.error?.message).toBe(
    `The store is not asked before ${until}, after 3 failures in a row, the last: Redis answered with an error: READONLY`,
  );
});

test("pauses double up to the longest one, are cut at random, and begin anew after a success", async () => {
  const told = limiterOf({ breaker: { failures: 2, pauseMs: 100, maxPauseMs: 700 } });
  await failing(told, 2);
  const pauses: number[] = [];
  const untilAsked = async () => {
    const before = told.store.asked;
    for (let ms = 0; ; ms += 1) {
      await told.limiter.consume("k");
      if (told.store.asked > before) return ms;
      told.clock.advance(1);
    }
  };
  for (let i = 0; i < 5; i += 1) pauses.push(await untilAsked());
  expect(pauses).toEqual([75, 150, 300, 525, 525]);
  vi.mocked(Math.random).mockReturnValue(0);
  await untilAsked();
  expect(await untilAsked()).toBe(700);
  vi.mocked(Math.random).mockReturnValue(0.999_999);
  await untilAsked();
  expect(await untilAsked()).toBe(351);

  const sick = told.store.answer;
  told.store.answer = () => undefined;
  await untilAsked();
  told.store.answer = sick;
  vi.mocked(Math.random).mockReturnValue(0.5);
  const before = told.store.asked;
  await failing(told, 10);
  expect(told.store.asked - before).toBe(2);
  expect(await untilAsked()).toBe(75);
});

test("one call at a time tries the store after a pause; its success lets all others through", async () => {
  const told = limiterOf();
  await failing(told, 3);
  told.clock.advance(375);
  let finish = () => {};
  told.store.answer = () => new Promise<never>((resolve) => (finish = resolve as () => void));
  const probe = told.limiter.consume("k");
  const others = await Promise.all(Array.from({ length: 50 }, () => told.limiter.consume("k")));
  expect(told.store.asked).toBe(4);
  expect(others.every(({ source }) => source === "fallback")).toBe(true);
  finish();
  expect((await probe).source).toBe("store");
  told.store.answer = () => undefined;
  const after = await Promise.all(Array.from({ length: 50 }, () => told.limiter.consume("k")));
  expect(after.every(({ source }) => source === "store")).toBe(true);
});

test("a try that is never answered holds up the next one for no longer than twice the deadline", () => {
  const breaker = createBreaker({ failures: 1, pauseMs: 100, maxPauseMs: 100 }, 1000);
  breaker.failed(breaker.pass(0) as number, new StoreError("timeout", "late"), 0);
  // The runtime ends this request: it never reports back.
  const lost = breaker.pass(75);
  expect(lost).toBeTypeOf("number");
  expect(breaker.pass(2074)).toBeInstanceOf(StoreError);
  const next = breaker.pass(2075);
  expect(next).toBeTypeOf("number");
  // If it does report later, its failure is old news.
  breaker.failed(lost as number, new StoreError("timeout", "late"), 2080);
  expect(breaker.pauseMs(2080)).toBe(1995);
  breaker.succeeded();
  expect(breaker.pauseMs(2080)).toBe(0);
});

test("pauses double too where every try waits out its deadline, and hears of it a little late", () => {
  const timeoutMs = 250;
  const breaker = createBreaker({ failures: 1, pauseMs: 100, maxPauseMs: 1600 }, timeoutMs);
  const error = new StoreError("timeout", "late");
  let under: { pass: number; endsAt: number } | undefined;
  const tries: number[] = [];
  for (let now = 0; now < 5000; now += 1) {
    const pass = breaker.pass(now);
    if (typeof pass === "number" && !under) {
      under = { pass, endsAt: now + timeoutMs + 2 };
      tries.push(now);
    } else if (tries.length > 1) {
      expect(pass).toBeInstanceOf(StoreError);
    }
    if (under && now >= under.endsAt) {
      breaker.failed(under.pass, error, now);
      under = undefined;
    }
  }
  const pauses = tries.slice(1).map((at, i) => at - (tries[i] as number) - timeoutMs - 2);
  expect(pauses).toEqual([75, 150, 300, 600, 1200]);
});

test("a burst of calls that fail together opens one pause, not many", async () => {
  const told = limiterOf();
  await Promise.all(Array.from({ length: 50 }, () => told.limiter.consume("k")));
  expect(told.store.asked).toBe(50);
  told.clock.advance(375);
  await told.limiter.consume("k");
  expect(told.store.asked).toBe(51);
});

test("a single success between failures keeps the store in use", async () => {
  const told = limiterOf();
  const sick = told.store.answer;
  for (let i = 0; i < 20; i += 1) {
    told.store.answer = i % 3 === 2 ? () => undefined : sick;
    await told.limiter.consume("k");
  }
  expect(told.store.asked).toBe(20);
});

test.each<StoreErrorKind>(["timeout", "network", "auth", "reply"])("failures of kind %s count", async (kind) => {
  const told = limiterOf();
  told.store.answer = () => Promise.reject(new StoreError(kind, "bad"));
  await failing(told, 10);
  expect(told.store.asked).toBe(3);
});

test("somebody else's value under one key takes the store from nobody", async () => {
  const told = limiterOf();
  told.store.answer = () => Promise.reject(new StoreError("reply", "bad", "WRONGTYPE"));
  await failing(told, 10);
  expect(told.store.asked).toBe(10);
});

test("a caller that goes away is no failure of the store", async () => {
  const told = limiterOf();
  told.store.answer = () => new Promise<never>(() => {});
  for (let i = 0; i < 10; i += 1) {
    const caller = new AbortController();
    const call = told.limiter.consume("k", { signal: caller.signal });
    caller.abort(new Error("gone"));
    await expect(call).rejects.toThrow("gone");
  }
  expect(told.store.asked).toBe(10);
});

test("a clock set back ends a pause", async () => {
  const told = limiterOf();
  await failing(told, 3);
  told.clock.advance(-3_600_000);
  await failing(told, 1);
  expect(told.store.asked).toBe(4);
});

test("a store that throws what it should not counts as failed and becomes a decision", async () => {
  const told = limiterOf({ failureMode: "closed" });
  told.store.answer = () => Promise.reject(new TypeError("secret text"));
  await failing(told, 10);
  expect(told.store.asked).toBe(3);
  const { error } = await told.limiter.consume("k");
  expect(error?.message).toContain("The store broke its own contract");
  expect(error?.message).not.toContain("secret");
});

test("denied by failure mode closed, one is told to come back when the store may be asked, and not within a second", async () => {
  const told = limiterOf({ failureMode: "closed", breaker: { failures: 1, pauseMs: 4000 } });
  expect(await told.limiter.consume("k")).toMatchObject({ allowed: false, retryAfterMs: 3000 });
  told.clock.advance(1500);
  expect(await told.limiter.consume("k")).toMatchObject({ allowed: false, retryAfterMs: 1500 });
  told.clock.advance(1499);
  expect(await told.limiter.consume("k")).toMatchObject({ allowed: false, retryAfterMs: 1000 });
  expect(await told.limiter.refund("k", 1)).toMatchObject({ allowed: true, retryAfterMs: 0, source: "fallback" });
});

test("in failure mode memory the isolate counts during a pause", async () => {
  const told = limiterOf({ failureMode: "memory", policies: [fixedWindow({ limit: 5, window: "1 m" })] });
  const allowed: boolean[] = [];
  for (let i = 0; i < 8; i += 1) allowed.push((await told.limiter.consume("k")).allowed);
  expect(allowed).toEqual([true, true, true, true, true, false, false, false]);
  expect(told.store.asked).toBe(3);
});

test("a reset asks the store during a pause as well, and says that it failed", async () => {
  const told = limiterOf();
  await failing(told, 5);
  await expect(told.limiter.reset("k")).rejects.toMatchObject({ name: "StoreError", kind: "network" });
  expect(told.store.asked).toBe(4);
});

test("switched off, every call asks the store", async () => {
  const told = limiterOf({ breaker: false });
  await failing(told, 20);
  expect(told.store.asked).toBe(20);
});

test("its options are checked", () => {
  const of = (breaker: unknown) => () => limiterOf({ breaker } as Partial<LimiterOptions>);
  expect(of("on")).toThrow(new TypeError('breaker must be true, false or an object of options, not "on"'));
  expect(of(null)).toThrow(TypeError);
  expect(of({ failures: 0 })).toThrow(/breaker\.failures must be a whole number from 1/);
  expect(of({ pauseMs: 0.5 })).toThrow(/breaker\.pauseMs must be a whole number from 1/);
  expect(of({ pauseMs: 2000, maxPauseMs: 1000 })).toThrow(/breaker\.maxPauseMs must be a whole number from 2000/);
  expect(of({ pauseMs: 60_000 })).not.toThrow();
  expect(of({})).not.toThrow();
});
