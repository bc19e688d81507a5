import {
  allOf,
  createLimiter,
  fixedWindow,
  inFlight,
  type LimiterOptions,
  leases,
  memoryStore,
  type Store,
  StoreError,
  slidingWindow,
  tokenBucket,
} from "sluice";
import { describe, expect, test } from "vitest";
import { clockAt } from "../../support/clock.ts";
import { simulatedRedis } from "../../support/simulated-redis.ts";

const HOLD_MS = 10_000;
const KEY = { jobs: "acme", user: "ada" };
const DAY_MS = 86_400_000;

/** Two pieces of work at once for an organisation, and 10 000 tokens a day for a user. */
function limits({ store, ...more }: Partial<LimiterOptions> = {}, limit = 2) {
  const clock = clockAt();
  const shared = { store: store ?? memoryStore(), now: clock.now, ...more };
  const jobs = createLimiter({ ...shared, name: "jobs", policies: [inFlight({ limit, hold: HOLD_MS })] });
  const user = createLimiter({
    ...shared,
    name: "user",
    policies: [fixedWindow({ name: "tokens", limit: 10_000, window: DAY_MS })],
  });
  return { clock, jobs, user, all: allOf({ jobs, user }), store: shared.store };
}

const onRedis = () => {
  const clock = clockAt();
  const store = simulatedRedis(clock.now);
  return { ...limits({ store, now: clock.now }), clock, redis: store };
};

describe.each([
  ["a memory store", () => ({ ...limits(), asked: () => 0 })],
  [
    "Redis",
    () => {
      const made = onRedis();
      return { ...made, asked: () => made.redis.asked };
    },
  ],
] as const)("on %s", (_name, make) => {
  test("takes a place and a cost, or neither", async () => {
    const { all, jobs, user } = make();
    const first = await all.hold(KEY, { cost: { user: 4000 } });
    const second = await all.hold(KEY, { cost: { user: 4000 } });
    expect([first.allowed, second.allowed]).toEqual([true, true]);
    expect(await all.hold(KEY, { cost: { user: 100 } })).toMatchObject({
      allowed: false,
      level: "jobs",
      limiter: "jobs",
    });
    expect(await user.peek("ada")).toMatchObject({ remaining: 2000 });
    await second.release();
    expect(await jobs.peek("acme")).toMatchObject({ remaining: 1 });
    const dear = await all.hold(KEY, { cost: { user: 4000 } });
    expect(dear).toMatchObject({ allowed: false, level: "user" });
    expect(await jobs.peek("acme")).toMatchObject({ remaining: 1 });
    expect(await user.peek("ada")).toMatchObject({ remaining: 2000 });
  });

  test("a denial says of each what it alone would have said", async () => {
    const { all, clock } = make();
    await all.hold(KEY);
    await all.hold(KEY);
    clock.ms += 3000;
    const denied = await all.hold(KEY, { cost: { user: 1 } });
    expect(denied).toMatchObject({ retryAfterMs: 7000, parts: { jobs: { allowed: false, retryAfterMs: 7000 } } });
    if (denied.source === "store") expect(denied.parts.user).toMatchObject({ allowed: true });
    clock.ms += 200;
    const dear = await all.hold(KEY, { cost: { user: 10_001 } });
    expect(dear.parts).toMatchObject({ user: { allowed: false, retryAfterMs: Infinity }, jobs: { allowed: false } });
  });

  test("counts and holds are those of the limiters alone", async () => {
    const { all, jobs, user } = make();
    const alone = await jobs.hold("acme");
    const together = await all.hold(KEY, { cost: { user: 10 } });
    expect((await jobs.hold("acme")).allowed).toBe(false);
    await alone.release();
    expect((await jobs.hold("acme")).allowed).toBe(true);
    await together.release();
    expect(await jobs.peek("acme")).toMatchObject({ remaining: 1 });
    expect(await user.peek("ada")).toMatchObject({ remaining: 9990 });
  });

  test("release and extend leave what was counted as it is", async () => {
    const { all, clock, jobs, user } = make();
    const held = await all.hold(KEY, { cost: { user: 10 } });
    clock.ms += HOLD_MS - 1;
    expect(await held.extend()).toBe(true);
    clock.ms += HOLD_MS - 1;
    expect(await jobs.peek("acme")).toMatchObject({ remaining: 1 });
    await held.release();
    await held.release();
    expect(await held.extend()).toBe(false);
    expect(await jobs.peek("acme")).toMatchObject({ remaining: 2 });
    expect(await user.peek("ada")).toMatchObject({ remaining: 9990 });
  });

  test("what is not released is free after its hold", async () => {
    const { all, clock } = make();
    const lost = await all.hold(KEY);
    await all.hold(KEY);
    clock.ms += HOLD_MS - 1;
    expect((await all.hold(KEY)).allowed).toBe(false);
    clock.ms += 101;
    expect((await all.hold(KEY)).allowed).toBe(true);
    expect((await all.hold(KEY)).allowed).toBe(true);
    expect(await lost.extend()).toBe(false);
  });

  test("an id asked for again takes no second place; what is counted is taken again", async () => {
    const { all, jobs, user } = make();
    await all.hold(KEY, { id: "job 1", cost: { user: 10 } });
    await all.hold(KEY, { id: "job 2", cost: { user: 10 } });
    const again = await all.hold(KEY, { id: "job 1", cost: { user: 10 } });
    expect(again.allowed).toBe(true);
    expect(await jobs.peek("acme")).toMatchObject({ remaining: 0 });
    expect(await user.peek("ada")).toMatchObject({ remaining: 9970 });
    const dear = await all.hold(KEY, { id: "job 1", cost: { user: 10_000 } });
    expect(dear).toMatchObject({ allowed: false, level: "user" });
    if (dear.source === "store") expect(dear.parts.jobs).toMatchObject({ allowed: true });
    expect((await jobs.hold("acme")).allowed).toBe(false);
  });

  test("a cost that is a number is for what counts; work takes one place, or what its level is told", async () => {
    const { all, jobs, user } = make();
    await all.hold(KEY, { cost: 3000 });
    expect(await jobs.peek("acme")).toMatchObject({ remaining: 1 });
    expect(await user.peek("ada")).toMatchObject({ remaining: 7000 });
    expect(await all.peek(KEY, { cost: { jobs: 2 } })).toMatchObject({ allowed: false, level: "jobs" });
    expect(await all.hold(KEY, { cost: { jobs: 1, user: 7000 } })).toMatchObject({ allowed: true });
    await expect(all.hold(KEY, { cost: { jobs: 0 } })).rejects.toThrow(/Level "jobs": cost must be at least 1 to hold/);
  });

  test("reserve holds, too: settle books what was used, release ends the work, in any order", async () => {
    const { all, jobs, user } = make();
    const first = await all.reserve(KEY, { cost: { user: 5000 } });
    const second = await all.reserve(KEY, { cost: 4000 });
    expect([first.allowed, second.allowed]).toEqual([true, true]);
    expect((await all.reserve(KEY, { cost: 1 })).allowed).toBe(false);
    expect(await first.settle({ user: 1000 })).toMatchObject({ remaining: 5000 });
    expect(await jobs.peek("acme")).toMatchObject({ remaining: 0 });
    expect(await first.extend()).toBe(true);
    await first.release();
    await second.release();
    await second.settle(4500);
    expect(await jobs.peek("acme")).toMatchObject({ remaining: 2 });
    expect(await user.peek("ada")).toMatchObject({ remaining: 4500 });
  });

  test("await using releases, and what is not settled stays spent unless it is said to go back", async () => {
    const { all, jobs, user } = make();
    const spent = await all.reserve(KEY, { cost: 100 });
    const returned = await all.reserve(KEY, { cost: 1000, unsettled: "returned", within: "1 m" });
    await spent[Symbol.asyncDispose]();
    await returned[Symbol.asyncDispose]();
    expect(await jobs.peek("acme")).toMatchObject({ remaining: 2 });
    expect(await user.peek("ada")).toMatchObject({ remaining: 9900 });
  });

  test("refund gives back what was counted, and no place", async () => {
    const { all, jobs, user } = make();
    const held = await all.hold(KEY, { cost: 100 });
    await all.refund(KEY, 100, { since: held });
    expect(await user.peek("ada")).toMatchObject({ remaining: 10_000 });
    expect(await jobs.peek("acme")).toMatchObject({ remaining: 1 });
  });

  test("a denied hold and one that is not counted hold nothing", async () => {
    const { all, jobs, asked } = make();
    const denied = await all.hold(KEY, { limit: { jobs: 0 } });
    const uncounted = await all.hold(KEY, { limit: { jobs: Infinity } });
    expect([denied.allowed, uncounted.allowed]).toEqual([false, true]);
    const before = asked();
    for (const decision of [denied, uncounted]) {
      expect(await decision.extend()).toBe(decision.allowed);
      await decision.release();
    }
    expect(asked()).toBe(before);
    expect(await jobs.peek("acme")).toMatchObject({ remaining: 2 });
  });

  test("reset makes all of it whole, and what was held then is lost", async () => {
    const { all, jobs } = make();
    const held = await all.hold(KEY, { cost: 100 });
    await all.reset(KEY);
    expect(await held.extend()).toBe(false);
    await held.release();
    expect(await jobs.peek("acme")).toMatchObject({ remaining: 2 });
  });

  test("two kinds of work: one that ended keeps the other from nothing", async () => {
    const { clock, jobs, store } = make();
    const slow = createLimiter({
      name: "slow",
      store,
      now: clock.now,
      policies: [inFlight({ limit: 2, hold: 10 * HOLD_MS })],
    });
    const both = allOf({ jobs, slow });
    const key = { jobs: "acme", slow: "acme" };
    const held = await both.hold(key);
    expect(await held.extend()).toBe(true);
    await jobs.reset("acme");
    expect(await held.extend()).toBe(false);
    await held.release();
    expect(await slow.peek("acme")).toMatchObject({ remaining: 2 });
    for (const call of [() => both.reserve(key), () => both.refund(key, 1)]) {
      await expect(call()).rejects.toThrow(/use hold, then release or extend/);
    }
  });

  test("what waits for a place takes nothing until it has one", async () => {
    const { all, user } = make();
    const first = await all.hold(KEY, { cost: 100 });
    await all.hold(KEY, { cost: 100 });
    const waits = all.hold(KEY, { cost: 100, timeoutMs: 5000 });
    expect(await user.peek("ada")).toMatchObject({ remaining: 9800 });
    await first.release();
    expect((await waits).allowed).toBe(true);
    expect(await user.peek("ada")).toMatchObject({ remaining: 9700 });
  });

  test("a reservation asked for again by its id takes no second place; each settles what it took", async () => {
    const { all, jobs, user } = make();
    const lost = await all.reserve(KEY, { id: "job 1", cost: 1000 });
    await all.hold(KEY);
    const again = await all.reserve(KEY, { id: "job 1", cost: 1000 });
    expect(again.allowed).toBe(true);
    expect(await all.reserve(KEY, { id: "job 2", cost: 1000 })).toMatchObject({ allowed: false, level: "jobs" });
    expect(await user.peek("ada")).toMatchObject({ remaining: 7999 });
    await lost.settle(0);
    await again.settle(300);
    expect(await user.peek("ada")).toMatchObject({ remaining: 9699 });
    await again.release();
    expect(await again.extend()).toBe(false);
    expect(await lost.extend()).toBe(false);
    expect(await jobs.peek("acme")).toMatchObject({ remaining: 1 });
  });

  test("a reservation waits for a place, and its work begins when it has one", async () => {
    const { all, clock, user } = make();
    const first = await all.reserve(KEY, { cost: 100 });
    await all.hold(KEY, { cost: 100 });
    const waits = all.reserve(KEY, { cost: 100, timeoutMs: 5000, unsettled: "returned", within: "1 s" });
    expect(await user.peek("ada")).toMatchObject({ remaining: 9800 });
    clock.ms += 4000;
    await first.release();
    const late = await waits;
    expect(late.allowed).toBe(true);
    clock.ms += HOLD_MS - 1;
    expect(await late.extend()).toBe(true);
    clock.ms -= HOLD_MS - 1000;
    await late[Symbol.asyncDispose]();
    expect(await user.peek("ada")).toMatchObject({ remaining: 9800 });
  });

  test("who waits too long for a place of a reservation has taken nothing", async () => {
    const { all, clock, user } = make();
    await all.hold(KEY, { cost: 100 });
    await all.hold(KEY, { cost: 100 });
    const waits = all.reserve(KEY, { cost: 100, timeoutMs: 5000 });
    await user.peek("ada");
    clock.ms += 5001;
    const denied = await waits;
    expect(denied).toMatchObject({ allowed: false, level: "jobs" });
    expect(await denied.settle(50)).toBe(await denied.settle(0));
    expect(await user.peek("ada")).toMatchObject({ remaining: 9800 });
  });

  test.each([
    [{ id: "" }, "id must be text of 1 to 256 characters"],
    [{ timeoutMs: -1 }, "timeoutMs must be"],
  ])("reserve refuses %j", async (options, message) => {
    const { all, asked } = make();
    const before = asked();
    await expect(all.reserve(KEY, options)).rejects.toThrow(message);
    expect(asked()).toBe(before);
  });
});

test("the numbers of work say what they count, alone", async () => {
  const { all } = limits();
  const { policies, parts } = (await all.hold(KEY)) as Extract<
    Awaited<ReturnType<typeof all.hold>>,
    { policies: unknown }
  >;
  expect(policies.map(({ level, unit }) => [level, unit])).toEqual([
    ["jobs", "concurrent-requests"],
    ["user", undefined],
  ]);
  expect(parts.jobs).toMatchObject({ policies: [{ unit: "concurrent-requests" }] });
  expect(await all.reserve(KEY)).toMatchObject({ policies: [{ unit: "concurrent-requests" }, {}] });
  expect(await all.peek(KEY)).toMatchObject({ policies: [{ unit: "concurrent-requests" }, {}] });
});

test("a decision is plain data, with methods that its copies have not", async () => {
  const { all } = limits();
  const reserved = await all.reserve(KEY, { cost: 10 });
  expect(structuredClone(reserved)).toEqual({ ...reserved });
  expect(JSON.parse(JSON.stringify(reserved))).toEqual(structuredClone(reserved));
});

test("what counts what has been says what to use", async () => {
  const { all } = limits();
  for (const call of [() => all.consume(KEY), () => all.wait(KEY, { timeoutMs: 1 }), () => all.charge(KEY, 1)]) {
    await expect(call()).rejects.toThrow(TypeError);
    await expect(call()).rejects.toThrow(/use hold or reserve, then release or extend/);
  }
});

test("hold is on the type only where one of them has an inFlight, and so are an id and a wait for reserve", async () => {
  const { user, jobs } = limits();
  // @ts-expect-error nobody holds
  expect((await allOf({ user }).reserve({ user: "ada" }, { id: "job 1" })).allowed).toBe(true);
  // @ts-expect-error nobody holds
  expect(allOf({ user }).hold).toBeUndefined();
  expect(allOf({ jobs }).hold).toBeTypeOf("function");
});

test("a snapshot of the work denies the whole for 100 ms at most, and takes nothing", async () => {
  const { all, clock, redis, user } = onRedis();
  const first = await all.hold(KEY, { cost: 1 });
  await all.hold(KEY, { cost: 1 });
  const { asked } = redis;
  clock.ms += 99;
  expect(await all.hold(KEY, { cost: 1 })).toMatchObject({ allowed: false, source: "snapshot" });
  expect(redis.asked).toBe(asked);
  await first.release();
  expect(await all.hold(KEY, { cost: 1 })).toMatchObject({ allowed: true, source: "store" });
  expect(await user.peek("ada")).toMatchObject({ remaining: 9997 });
});

test("beside leases, windows in parts and several policies of one limiter", async () => {
  const clock = clockAt();
  const shared = { store: simulatedRedis(clock.now), now: clock.now, snapshots: false } as const;
  const jobs = createLimiter({ ...shared, name: "jobs", policies: [inFlight({ limit: 3, hold: HOLD_MS })] });
  const team = createLimiter({
    ...shared,
    name: "team",
    leases: leases({ maxMs: 1000 }),
    policies: [tokenBucket({ limit: 100, window: "1 s", burst: 200 })],
  });
  const user = createLimiter({
    ...shared,
    name: "user",
    policies: [slidingWindow({ limit: 5, window: "1 m" }), fixedWindow({ limit: 50, window: "1 h" })],
  });
  const all = allOf({ team, jobs, user });
  const key = { jobs: "acme", team: "acme", user: "ada" };
  for (let i = 0; i < 20; i += 1) await team.consume("acme");
  const held = [await all.hold(key), await all.hold(key), await all.hold(key)];
  expect(held.map(({ allowed }) => allowed)).toEqual([true, true, true]);
  expect(await all.hold(key)).toMatchObject({ allowed: false, level: "jobs" });
  for (const one of held) await one.release();
  expect((await all.hold(key)).allowed).toBe(true);
  expect(await user.peek("ada")).toMatchObject({ remaining: 1 });
});

test("observers hear of the operations of their own limiters", async () => {
  const heard: string[] = [];
  const onEvent = (event: { type: string; limiter: string; operation?: string }) => {
    if (event.type === "decision") heard.push(`${event.limiter} ${event.operation}`);
  };
  const { all } = limits({ onEvent });
  const reserved = await all.reserve(KEY, { cost: 10 });
  await reserved.extend();
  await reserved.settle(5);
  await reserved.release();
  expect(heard).toEqual(["jobs reserve", "user reserve", "jobs extend", "user settle", "jobs release"]);
  await Promise.all([all.hold(KEY), all.hold(KEY)]);
  heard.length = 0;
  expect((await all.reserve(KEY, { timeoutMs: 200 })).allowed).toBe(false);
  expect(heard).toEqual(["jobs reserve", "user reserve"]);
});

describe("failure modes", () => {
  /** A store that answers until it is cut off. */
  function cutOff() {
    const clock = clockAt();
    const inner = simulatedRedis(clock.now);
    const state = { cut: false };
    const ask = async <T>(task: () => Promise<T>): Promise<T> => {
      if (state.cut) throw new StoreError("network", "out of reach");
      return task();
    };
    const store: Store = {
      ...{ remote: true, clock: "limiter" },
      step: (request, signal) => ask(() => inner.step(request, signal)),
      run: (script, keys, args, signal) => ask(() => inner.run?.(script, keys, args, signal) as Promise<unknown>),
      reset: (key, signal) => ask(() => inner.reset(key, signal)),
    };
    const cutIt = (cut: boolean) => {
      state.cut = cut;
    };
    return { clock, store, cutIt };
  }

  test("memory: held in this isolate, released there", async () => {
    const { store, cutIt, clock } = cutOff();
    const { all } = limits({ store, now: clock.now, failureMode: "memory", breaker: false });
    cutIt(true);
    const [first, second, third] = [await all.hold(KEY), await all.hold(KEY), await all.hold(KEY)];
    expect([first, second, third].map(({ allowed, source }) => [allowed, source])).toEqual([
      [true, "memory"],
      [true, "memory"],
      [false, "memory"],
    ]);
    cutIt(false);
    await first.release();
    cutIt(true);
    expect(await all.peek(KEY)).toMatchObject({ allowed: true, source: "memory" });
    expect(await second.extend()).toBe(true);
  });

  test("a release that is not heard may be tried again; extend believes the hold until it must have passed", async () => {
    const { store, cutIt, clock } = cutOff();
    const { all, jobs } = limits({ store, now: clock.now, breaker: false });
    const held = await all.hold(KEY);
    cutIt(true);
    await held.release();
    clock.ms += HOLD_MS - 1;
    expect(await held.extend()).toBe(true);
    clock.ms += 1;
    expect(await held.extend()).toBe(false);
    clock.ms -= 5;
    cutIt(false);
    await held.release();
    expect(await jobs.peek("acme")).toMatchObject({ remaining: 2 });
  });

  test.each(["open", "closed"] as const)("%s: nothing is held", async (failureMode) => {
    const { store, cutIt, clock } = cutOff();
    const { all } = limits({ store, now: clock.now, failureMode, breaker: false });
    cutIt(true);
    const held = await all.hold(KEY);
    expect(held).toMatchObject({ allowed: failureMode === "open", source: "fallback" });
    expect(await held.extend()).toBe(failureMode === "open");
    await held.release();
  });
});
