import {
  allOf,
  anyOf,
  createLimiter,
  type Decision,
  inFlight,
  type LimiterOptions,
  memoryStore,
  redisStore,
  type Store,
  StoreError,
  slidingWindow,
  tokenBucket,
} from "sluice";
import { afterEach, describe, expect, test, vi } from "vitest";
import { clockAt } from "../../support/clock.ts";
import { simulatedRedis } from "../../support/simulated-redis.ts";

afterEach(() => vi.useRealTimers());

const HOLD_MS = 10_000;

function limiterOf(options: Partial<LimiterOptions> = {}, limit = 2) {
  const clock = clockAt();
  const store = options.store ?? memoryStore();
  const policies = [inFlight({ limit, hold: HOLD_MS })] as const;
  return {
    clock,
    limiter: createLimiter({ name: "work", now: clock.now, ...options, store, policies: [policies[0]] }),
  };
}

/** A store that answers until it is cut off, by then by nothing. */
function cutOff(): { store: Store; cut: boolean } {
  const local = memoryStore();
  const state: { store: Store; cut: boolean } = { store: local, cut: false };
  const ask = async <T>(task: () => T): Promise<T> => {
    if (state.cut) throw new StoreError("network", "out of reach");
    return task();
  };
  state.store = {
    remote: true,
    clock: "limiter",
    step: (request) => ask(() => local.step(request)),
    reset: (key) => ask(() => local.reset(key)),
  };
  return state;
}

test("as many as the limit run at once; a release makes room", async () => {
  const { limiter } = limiterOf();
  const first = await limiter.hold("k");
  const second = await limiter.hold("k");
  expect([first.allowed, second.allowed, (await limiter.hold("k")).allowed]).toEqual([true, true, false]);
  expect(await limiter.peek("k")).toMatchObject({ allowed: false, remaining: 0, limit: 2, retryAfterMs: HOLD_MS });
  await first.release();
  await first.release();
  expect(await limiter.peek("k")).toMatchObject({ allowed: true, remaining: 1 });
  expect((await limiter.hold("other")).allowed).toBe(true);
});

test("a decision is plain data, with methods that its copies have not", async () => {
  const { limiter } = limiterOf();
  const decision = await limiter.hold("k");
  const copy = structuredClone(decision);
  expect(copy).toEqual({ ...decision });
  expect(JSON.parse(JSON.stringify(decision))).toEqual(copy);
  expect(copy).toMatchObject({ allowed: true, policies: [{ unit: "concurrent-requests", windowMs: HOLD_MS }] });
});

test("await using releases", async () => {
  const { limiter } = limiterOf();
  const decision = await limiter.hold("k");
  await decision[Symbol.asyncDispose]();
  expect(await limiter.peek("k")).toMatchObject({ remaining: 2 });
});

test("an id asked for again is the same hold; release ends it however often it was asked for", async () => {
  const { limiter } = limiterOf();
  await limiter.hold("k", { id: "job 1" });
  await limiter.hold("k", { id: "job 2" });
  const again = await limiter.hold("k", { id: "job 1" });
  expect(again).toMatchObject({ allowed: true, remaining: 0 });
  expect((await limiter.hold("k", { id: "job 3" })).allowed).toBe(false);
  await again.release();
  expect(await limiter.peek("k")).toMatchObject({ remaining: 1 });
});

test("what is held already stays when the limit is lowered, and is not denied by a snapshot", async () => {
  const clock = clockAt();
  const store = simulatedRedis(clock.now);
  const { limiter } = limiterOf({ store, now: clock.now });
  await limiter.hold("k", { id: "a" });
  const cost = await limiter.hold("k", { id: "b" });
  expect(cost.allowed).toBe(true);
  expect(await limiter.hold("k", { limit: 1 })).toMatchObject({ allowed: false, limit: 1, remaining: 0 });
  expect(await limiter.hold("k", { id: "b", limit: 1 })).toMatchObject({ allowed: true, source: "store" });
  await cost.release();
  expect(await limiter.hold("k", { limit: 1 })).toMatchObject({ allowed: false });
});

test("extend says whether the hold is still there", async () => {
  const { limiter, clock } = limiterOf({}, 1);
  const decision = await limiter.hold("k");
  clock.ms += HOLD_MS - 1;
  expect(await decision.extend()).toBe(true);
  clock.ms += HOLD_MS - 1;
  expect((await limiter.hold("k")).allowed).toBe(false);
  clock.ms += 1;
  expect((await limiter.hold("k")).allowed).toBe(true);
  expect(await decision.extend()).toBe(false);
  await decision.release();
  expect(await limiter.peek("k")).toMatchObject({ remaining: 0 });
  const released = await limiter.hold("other");
  await released.release();
  expect(await released.extend()).toBe(false);
});

test("after a reset nothing is held: extend says so, release ends nothing of others", async () => {
  const { limiter } = limiterOf({}, 1);
  const before = await limiter.hold("k");
  await limiter.reset("k");
  const after = await limiter.hold("k");
  expect(after.allowed).toBe(true);
  expect(await before.extend()).toBe(false);
  await before.release();
  expect(await limiter.peek("k")).toMatchObject({ remaining: 0 });
});

test("denied and uncounted decisions hold nothing, and their methods ask nobody", async () => {
  const clock = clockAt();
  const store = simulatedRedis(clock.now);
  const { limiter } = limiterOf({ store, now: clock.now }, 1);
  const taken = await limiter.hold("k");
  const denied = await limiter.hold("k");
  const open = await limiter.hold("k", { limit: Infinity });
  const closed = await limiter.hold("k", { limit: 0 });
  const { asked } = store;
  expect([denied.allowed, open.allowed, closed.allowed]).toEqual([false, true, false]);
  for (const decision of [denied, open, closed]) {
    expect(await decision.extend()).toBe(decision.allowed);
    await decision.release();
  }
  expect(store.asked).toBe(asked);
  expect(await taken.extend()).toBe(true);
});

describe("failure modes", () => {
  test.each(["open", "closed"] as const)("%s: nothing is held, and nothing released", async (failureMode) => {
    const state = cutOff();
    state.cut = true;
    const { limiter } = limiterOf({ store: state.store, failureMode, breaker: false });
    const decision = await limiter.hold("k");
    expect(decision).toMatchObject({ allowed: failureMode === "open", source: "fallback" });
    state.cut = false;
    expect(await decision.extend()).toBe(failureMode === "open");
    await decision.release();
    expect(await limiter.peek("k")).toMatchObject({ remaining: 2, source: "store" });
  });

  test("memory: counted in this isolate, and released there, even when the store is back", async () => {
    const state = cutOff();
    state.cut = true;
    const { limiter } = limiterOf({ store: state.store, failureMode: "memory", breaker: false });
    const [first, second, third] = [await limiter.hold("k"), await limiter.hold("k"), await limiter.hold("k")];
    expect([first, second, third].map(({ allowed, source }) => [allowed, source])).toEqual([
      [true, "memory"],
      [true, "memory"],
      [false, "memory"],
    ]);
    expect(await first.extend()).toBe(true);
    state.cut = false;
    await first.release();
    expect(await first.extend()).toBe(false);
    state.cut = true;
    expect(await limiter.peek("k")).toMatchObject({ remaining: 1, source: "memory" });
    expect(await second.extend()).toBe(true);
  });

  test("a release that is not heard rejects nothing, and may be tried again; extend believes the hold until it must have passed", async () => {
    const state = cutOff();
    const { limiter, clock } = limiterOf({ store: state.store, breaker: false });
    const decision = await limiter.hold("k");
    state.cut = true;
    await decision.release();
    clock.ms += HOLD_MS - 1;
    expect(await decision.extend()).toBe(true);
    clock.ms += 1;
    expect(await decision.extend()).toBe(false);
    clock.ms -= 5;
    state.cut = false;
    await decision.release();
    expect(await limiter.peek("k")).toMatchObject({ remaining: 2 });
  });
});

test("snapshots deny for 100 ms at most, and not after this isolate's own release", async () => {
  const clock = clockAt();
  const store = simulatedRedis(clock.now);
  const { limiter } = limiterOf({ store, now: clock.now }, 1);
  const first = await limiter.hold("k");
  const { asked } = store;
  clock.ms += 99;
  expect(await limiter.hold("k")).toMatchObject({ allowed: false, source: "snapshot", retryAfterMs: HOLD_MS - 99 });
  expect(store.asked).toBe(asked);
  clock.ms += 1;
  expect(await limiter.hold("k")).toMatchObject({ allowed: false, source: "store" });
  await first.release();
  expect(await limiter.hold("k")).toMatchObject({ allowed: true, source: "store" });
});

describe("waiting for a place", () => {
  test("until somebody releases, with pauses of a second at most", async () => {
    vi.useFakeTimers();
    const { limiter } = limiterOf({ now: undefined }, 1);
    const first = await limiter.hold("k");
    const waiting = limiter.hold("k", { timeoutMs: 8000 });
    await vi.advanceTimersByTimeAsync(5000);
    await first.release();
    const releasedAt = Date.now();
    await vi.advanceTimersByTimeAsync(1000);
    expect((await waiting).allowed).toBe(true);
    expect(Date.now() - releasedAt).toBeLessThanOrEqual(1000);
  });

  test("until the time is over, or a hold has passed", async () => {
    vi.useFakeTimers();
    const { limiter } = limiterOf({ now: undefined }, 1);
    await limiter.hold("k");
    const since = Date.now();
    const late = limiter.hold("k", { timeoutMs: 4000 }).then((decision) => [decision.allowed, Date.now() - since]);
    await vi.advanceTimersByTimeAsync(4000);
    expect(await late).toEqual([false, 4000]);
    const passed = limiter.hold("k", { timeoutMs: 7000 }).then((decision) => [decision.allowed, Date.now() - since]);
    await vi.advanceTimersByTimeAsync(7000);
    expect(await passed).toEqual([true, HOLD_MS]);
  });

  test("not for what can never pass, and not longer than the caller", async () => {
    vi.useFakeTimers();
    const { limiter } = limiterOf({ now: undefined }, 1);
    expect(await limiter.hold("k", { cost: 2, timeoutMs: 5000 })).toMatchObject({ retryAfterMs: Infinity });
    await limiter.hold("k");
    const caller = new AbortController();
    const waiting = limiter.hold("k", { timeoutMs: 5000, signal: caller.signal });
    const outcome = expect(waiting).rejects.toThrow("gone");
    await vi.advanceTimersByTimeAsync(100);
    caller.abort(new Error("gone"));
    await outcome;
  });
});

describe("misuse", () => {
  test("what counts what has been says what to use", async () => {
    const { limiter } = limiterOf();
    for (const call of [
      () => limiter.consume("k"),
      () => limiter.wait("k", { timeoutMs: 1 }),
      () => limiter.charge("k", 1),
      () => limiter.refund("k", 1),
      () => limiter.reserve("k"),
    ]) {
      const outcome = expect(call()).rejects;
      await outcome.toThrow(TypeError);
      await expect(call()).rejects.toThrow(/use hold/);
    }
  });

  test.each([
    [{ limit: 0, hold: 1000 }, "limit must be a whole number from 1 to 1000, not 0"],
    [{ limit: 1001, hold: 1000 }, "limit must be a whole number from 1 to 1000, not 1001"],
    [{ limit: 1, hold: "soon" }, "hold must be milliseconds"],
    [{ limit: 1, hold: 0 }, "hold must be a whole number"],
    [{ limit: 1, hold: 1, name: "ü" }, "name must be"],
    [undefined, "options must be an object"],
  ])("%j", (options, message) => {
    expect(() => inFlight(options as never)).toThrow(message);
  });

  test.each([
    [{ cost: 0 }, "cost must be at least 1 to hold, not 0"],
    [{ cost: -1 }, "cost must be a whole number"],
    [{ limit: 1001 }, 'limit of policy "2-in-flight" must be a whole number from 1 to 1000'],
    [{ timeoutMs: -1 }, "timeoutMs must be"],
    [{ id: "" }, "id must be text of 1 to 256 characters"],
    [{ id: 7 }, "id must be text of 1 to 256 characters, not 7"],
  ])("hold with %j", async (options, message) => {
    const { limiter } = limiterOf();
    await expect(limiter.hold("k", options as never)).rejects.toThrow(message);
    expect(await limiter.peek("k")).toMatchObject({ remaining: 2 });
  });

  test("beside others in one limiter", () => {
    const policies = [inFlight({ limit: 1, hold: 1 }), tokenBucket({ limit: 1, window: 1 })];
    expect(() => createLimiter({ name: "n", store: memoryStore(), policies })).toThrow(/must be the only policy/);
  });
});

test("beside others in allOf or anyOf", () => {
  const { limiter } = limiterOf();
  expect(allOf({ work: limiter }).hold).toBeTypeOf("function");
  expect(() => anyOf([limiter])).toThrow(/members\[0\] has inFlight/);
  expect(() => anyOf([allOf({ work: limiter }) as never])).toThrow(/members\[0\] has inFlight/);
});

test("hold is on the type only where there is an inFlight", async () => {
  const plain = createLimiter({
    name: "plain",
    store: memoryStore(),
    policies: [slidingWindow({ limit: 1, window: 1000 })],
  });
  // @ts-expect-error a limiter of a rate has no hold
  expect(plain.hold).toBeUndefined();
  const { limiter } = limiterOf();
  const decision = await limiter.hold("k");
  const asDecision: Decision = decision;
  expect(asDecision.allowed).toBe(true);
  // @ts-expect-error nor has its decision release
  expect((await plain.consume("k")).release).toBeUndefined();
});

test("observers hear of hold, release and extend", async () => {
  const heard: string[] = [];
  const { limiter } = limiterOf({
    onEvent: (event) => {
      if (event.type === "decision") heard.push(`${event.operation} ${event.key} ${event.decision.allowed}`);
    },
  });
  const decision = await limiter.hold("k");
  await decision.extend();
  await decision.release();
  await decision.release();
  expect(heard).toEqual(["hold k true", "extend k true", "release k true"]);
});

test("clients of stores that were made with redisStore are taken, too", () => {
  const redis = { evalsha: async () => 0, eval: async () => 0, del: async () => 0 };
  expect(limiterOf({ store: redisStore(redis) }).limiter.hold).toBeTypeOf("function");
});
