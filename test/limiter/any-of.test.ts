import { describe, expect, expectTypeOf, test } from "vitest";
import { fixedWindow, type Policy, slidingLog, tokenBucket } from "../../src/algorithm/policy.ts";
import type { DecisionEvent, LimiterEvent } from "../../src/core/event.ts";
import { allOf } from "../../src/limiter/all-of.ts";
import { anyOf } from "../../src/limiter/any-of.ts";
import type { FailureMode } from "../../src/limiter/checked-options.ts";
import { leases } from "../../src/limiter/leases/leases.ts";
import { createLimiter, type Limiter } from "../../src/limiter/limiter.ts";
import { memoryStore } from "../../src/store/memory.ts";
import type { RemoteStore, Store } from "../../src/store/store.ts";
import { clockAt } from "../support/clock.ts";
import { interruptible } from "../support/interruptible.ts";
import { known } from "../support/known.ts";
import { randomFrom } from "../support/random.ts";
import { simulatedRedis } from "../support/simulated-redis.ts";

const requests = fixedWindow({ name: "requests", limit: 5, window: "1 m" });
const tokens = tokenBucket({ name: "tokens", limit: 60, window: "1 m" });
const balance = fixedWindow({ name: "balance", limit: 20, window: "1 h" });

/** A plan of 5 requests and 60 tokens a minute, then credits, 20 an hour; by default on stores of their own. */
function rigOf(stores: { plan?: Store; credits?: Store } = {}, failureMode: FailureMode = "open") {
  const clock = clockAt();
  const events: DecisionEvent[] = [];
  const onEvent = (event: LimiterEvent) => void (event.type === "decision" && events.push(event));
  const options = { now: clock.now, breaker: false, onEvent };
  const plan = createLimiter({
    name: "plan",
    store: stores.plan ?? memoryStore(),
    policies: [requests, tokens],
    failureMode: "open",
    ...options,
  });
  const credits = createLimiter({
    name: "credits",
    store: stores.credits ?? memoryStore(),
    policies: [balance],
    failureMode,
    ...options,
  });
  return { clock, events, plan, credits, limits: anyOf([plan, credits]) };
}

const leftOf = async (limiter: Limiter, key = "ada") =>
  known(await limiter.peek(key)).policies.map((one) => one.remaining);

describe("in order, the first that admits takes", () => {
  test("until it denies, then the next; a denial takes nothing of either", async () => {
    const { limits, plan, credits } = rigOf();
    for (let i = 0; i < 5; i += 1) expect(await limits.consume("ada")).toMatchObject({ allowed: true, member: 0 });
    expect(await limits.consume("ada")).toMatchObject({ allowed: true, member: 1, policy: "balance", remaining: 19 });
    expect([await leftOf(plan), await leftOf(credits)]).toEqual([[0, 55], [19]]);
    expect(await limits.consume("ada", { cost: 20 })).toMatchObject({ allowed: false });
    expect([await leftOf(plan), await leftOf(credits)]).toEqual([[0, 55], [19]]);
  });

  test("denied only if all deny, with the shortest wait, after which the cost passes", async () => {
    const { limits, clock } = rigOf();
    await limits.consume("ada", { cost: { plan: { requests: 5 }, credits: 1 } });
    await limits.consume("ada", { cost: 20 });
    const denied = await limits.consume("ada", { cost: { plan: { requests: 1 }, credits: 20 } });
    expect(denied).toMatchObject({ allowed: false, member: 0, policy: "requests" });
    clock.ms += denied.retryAfterMs - 1;
    expect(await limits.peek("ada", { cost: 1 })).toMatchObject({ allowed: false });
    clock.ms += 1;
    expect(await limits.peek("ada", { cost: 1 })).toMatchObject({ allowed: true, member: 0 });
  });

  test("a cost that one can never give waits for the other", async () => {
    const { limits, credits, clock } = rigOf();
    await credits.consume("ada", { cost: 10 });
    const denied = await limits.consume("ada", { cost: 15 });
    expect(denied).toMatchObject({ allowed: false, member: 1 });
    expect(denied.retryAfterMs).toBeLessThan(Infinity);
    clock.ms += denied.retryAfterMs;
    expect(await limits.consume("ada", { cost: 15 })).toMatchObject({ allowed: true, member: 1 });
    expect(await limits.consume("ada", { cost: 21 })).toMatchObject({ allowed: false, retryAfterMs: Infinity });
  });

  test("keys and costs by name: each member has its own", async () => {
    const { limits, plan, credits } = rigOf();
    const key = { plan: "ada", credits: "acme" };
    const cost = { plan: { requests: 1, tokens: 50 }, credits: 3 };
    expect(await limits.consume(key, { cost })).toMatchObject({ member: 0 });
    expect(await limits.consume(key, { cost })).toMatchObject({ member: 1 });
    expect([await leftOf(plan), await leftOf(credits, "acme")]).toEqual([[4, 10], [17]]);
    expect(await limits.consume(key, { cost, limit: { plan: { tokens: 600 } } })).toMatchObject({ member: 0 });
  });

  test("a member may be an allOf: all of its levels take, or the next is asked", async () => {
    const clock = clockAt();
    const store = memoryStore();
    const limiterOf = <const Name extends string>(name: Name, policy: Policy) =>
      createLimiter({ name, store, policies: [policy], now: clock.now });
    const [org, user] = [limiterOf("org", balance), limiterOf("user", requests)];
    const credits = createLimiter({ name: "credits", store: memoryStore(), policies: [balance], now: clock.now });
    const limits = anyOf([allOf({ org, user }), credits]);
    const key = { org: "acme", user: "ada", credits: "acme" };
    expect(limits).toMatchObject({ name: "org+user|credits", failureMode: "open" });
    const taken = await limits.consume(key, { cost: { org: 5, user: 5, credits: 1 } });
    expect(taken).toMatchObject({ member: 0, level: "user" });
    const spare = await limits.reserve(key, { cost: { org: 1, user: 1, credits: 7 } });
    expect(spare).toMatchObject({ allowed: true, member: 1, remaining: 13 });
    expect([await leftOf(org, "acme"), await leftOf(user)]).toEqual([[15], [0]]);
    expect(await spare.settle({ org: 1, credits: 4 })).toMatchObject({ member: 1, remaining: 16 });
    await limits.refund(key, { org: 2, user: 1 }, { since: taken });
    expect([await leftOf(org, "acme"), await leftOf(user), await leftOf(credits, "acme")]).toEqual([[17], [1], [16]]);
    await expect(limits.consume("ada" as never)).rejects.toThrow(/key must be an object with a key for each level/);
  });

  test("10 000 random calls: what is admitted, by whom, and when the next passes, is what each alone would say", async () => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    const random = randomFrom(seed);
    const [{ limits, clock }, alone] = [rigOf(), rigOf()];
    const admitted = [0, 0];
    for (let i = 0; i < 10_000; i += 1) {
      clock.ms += random.pick([0, 500, 3000, random.below(60_000)]);
      alone.clock.ms = clock.ms;
      const [key, cost] = [random.pick(["ada", "bob"]), random.below(7)];
      const answer = await limits.consume(key, { cost });
      const first = await alone.plan.consume(key, { cost });
      const told = first.allowed ? first : await alone.credits.consume(key, { cost });
      expect(answer.allowed, `seed ${seed}, step ${i}`).toBe(told.allowed);
      if (answer.allowed) {
        admitted[answer.member] = (admitted[answer.member] ?? 0) + 1;
        expect(answer).toEqual({ ...told, member: first.allowed ? 0 : 1 });
      } else {
        const waits = [first.retryAfterMs, told.retryAfterMs];
        expect(answer.retryAfterMs).toBe(Math.min(...waits));
      }
    }
    expect(Math.min(...admitted)).toBeGreaterThan(100);
  });

  test("500 calls at once take no more than there is", async () => {
    const redis = () => simulatedRedis(Date.now);
    const { limits } = rigOf({ plan: redis(), credits: redis() });
    const answers = await Promise.all(Array.from({ length: 500 }, () => limits.consume("ada")));
    const by = (member: number) => answers.filter((one) => one.allowed && one.member === member).length;
    expect([by(0), by(1)]).toEqual([5, 20]);
  });
});

describe("refund, charge and settle go to whoever took", () => {
  test("the decision tells who that is, also out of JSON", async () => {
    const { limits, plan, credits } = rigOf();
    const first = await limits.consume("ada", { cost: 4 });
    const second = await limits.consume("ada", { cost: 10 });
    expect([first.member, second.member]).toEqual([0, 1]);
    expect(await limits.refund("ada", 6, { since: JSON.parse(JSON.stringify(second)) })).toMatchObject({ member: 1 });
    expect([await leftOf(plan), await leftOf(credits)]).toEqual([[1, 56], [16]]);
    expect(await limits.refund("ada", { plan: { requests: 2 } }, { since: first })).toMatchObject({ member: 0 });
    expect([await leftOf(plan), await leftOf(credits)]).toEqual([[3, 56], [16]]);
    expect(await limits.charge("ada", { credits: 20 }, { since: second })).toMatchObject({ allowed: true, member: 1 });
    expect([await leftOf(plan), await leftOf(credits)]).toEqual([[3, 56], [0]]);
  });

  test("what was taken in a window that has ended does not come back", async () => {
    const { limits, plan, clock } = rigOf();
    const taken = await limits.consume("ada", { cost: 4 });
    clock.ms += 60_000;
    await plan.consume("ada", { cost: 5 });
    await limits.refund("ada", 4, { since: taken });
    expect(await leftOf(plan)).toEqual([0, 55]);
  });

  test("a reservation is settled with the member that took, once", async () => {
    const { limits, plan, credits, events } = rigOf();
    await limits.consume("ada", { cost: 4 });
    const cost = { plan: { requests: 2, tokens: 50 }, credits: 12 };
    const reservation = await limits.reserve("ada", { cost });
    expect(reservation).toMatchObject({ allowed: true, member: 1 });
    await expect(reservation.settle(5 as never)).rejects.toThrow(/actual must be 0 or an object by name/);
    const settled = await reservation.settle({ plan: { tokens: 20 }, credits: 5 });
    expect(settled).toMatchObject({ member: 1, remaining: 15 });
    expect(await reservation.settle(0)).toBe(settled);
    expect([await leftOf(plan), await leftOf(credits)]).toEqual([[1, 56], [15]]);
    expect(events.filter(({ operation }) => operation === "settle").map(({ limiter }) => limiter)).toEqual(["credits"]);
    {
      await using _broken = await limits.reserve("ada", { unsettled: "returned", within: "1 m" });
      expect(await leftOf(plan)).toEqual([0, 55]);
    }
    expect(await leftOf(plan)).toEqual([1, 56]);
    const denied = await limits.reserve("ada", { cost: 16 });
    expect(await denied.settle(0)).toMatchObject({ allowed: false });
    expect([await leftOf(plan), await leftOf(credits)]).toEqual([[1, 56], [15]]);
  });

  test("what does not say who took is refused", async () => {
    const { limits, plan } = rigOf();
    const message = /since must be the decision on the call, which tells who took its cost/;
    await expect(limits.refund("ada", 1, undefined as never)).rejects.toThrow(message);
    await expect(limits.refund("ada", 1, { since: (await plan.consume("ada")) as never })).rejects.toThrow(message);
    await expect(limits.charge("ada", 1, {} as never)).rejects.toThrow(message);
    await expect(limits.charge("ada", 1, { since: null } as never)).rejects.toBeInstanceOf(TypeError);
  });

  test("reset makes all of them whole", async () => {
    const { limits, plan, credits } = rigOf();
    await plan.consume("ada", { cost: 5 });
    await credits.consume("ada", { cost: 5 });
    await limits.reset("ada");
    expect([await leftOf(plan), await leftOf(credits)]).toEqual([[5, 60], [20]]);
  });
});

describe("where a store is away", () => {
  function awayOf(failureMode: FailureMode) {
    const [plan, credits] = [interruptible(simulatedRedis(Date.now)), interruptible(simulatedRedis(Date.now))];
    return {
      ...rigOf({ plan, credits } as { plan: RemoteStore; credits: RemoteStore }, failureMode),
      away: { plan, credits },
    };
  }

  test.each(["open", "closed", "memory"] as const)(
    "the next is asked, though the first is open (last: %s)",
    async (mode) => {
      const { limits, away, credits } = awayOf(mode);
      away.plan.down = true;
      expect(await limits.consume("ada")).toMatchObject({ allowed: true, source: "store", member: 1 });
      away.plan.down = false;
      expect(await leftOf(credits)).toEqual([19]);
    },
  );

  test.each([
    ["open", { allowed: true, source: "fallback" }],
    ["closed", { allowed: false, source: "fallback", retryAfterMs: 1000 }],
    ["memory", { allowed: true, source: "memory", remaining: 19 }],
  ] as const)("if none could answer, the last one's mode does: %s", async (mode, answer) => {
    const { limits, away } = awayOf(mode);
    away.plan.down = true;
    away.credits.down = true;
    expect(limits.failureMode).toBe(mode);
    expect(await limits.consume("ada")).toMatchObject({ ...answer, ...(answer.allowed && { member: 1 }) });
  });

  test.each(["open", "closed", "memory"] as const)("once one has denied, that stands: %s", async (mode) => {
    const { limits, plan, away } = awayOf(mode);
    await plan.consume("ada", { cost: 5 });
    away.credits.down = true;
    const denied = await limits.consume("ada");
    expect(denied.allowed).toBe(false);
    // The store that is away may be back before the other has room.
    expect(denied).toMatchObject({ source: "fallback", member: 1, retryAfterMs: 1000 });
  });
});

test("a reset that fails with one member is over when it is over with all", async () => {
  const [plan, credits] = [interruptible(simulatedRedis(Date.now)), interruptible(simulatedRedis(Date.now))];
  plan.down = true;
  let isOver = false;
  const { limits } = rigOf({
    plan,
    credits: {
      ...credits,
      async reset(...args: Parameters<RemoteStore["reset"]>) {
        await new Promise((resolve) => setImmediate(resolve));
        await credits.reset(...args);
        isOver = true;
      },
    },
  });
  await expect(limits.reset("ada")).rejects.toThrow("out of reach");
  expect(isOver).toBe(true);
});

describe("wait", () => {
  test("sleeps for the shortest wait, and asks again in order", async () => {
    const options = { name: "short", store: memoryStore() };
    const quota = createLimiter({ ...options, policies: [fixedWindow({ limit: 1, window: "1 h" })] });
    const second = createLimiter({ ...options, name: "2", policies: [slidingLog({ limit: 1, window: 60 })] });
    const limits = anyOf([quota, second]);
    expect((await limits.wait("ada", { timeoutMs: 0 })).member).toBe(0);
    expect((await limits.wait("ada", { timeoutMs: 0 })).member).toBe(1);
    expect(await limits.wait("ada", { timeoutMs: 10 })).toMatchObject({ allowed: false, member: 1 });
    expect(await limits.wait("ada", { timeoutMs: 5000 })).toMatchObject({ allowed: true, member: 1, delayMs: 0 });
  });

  test("a bucket does not lend while the next has room", async () => {
    const bucket = createLimiter({
      name: "bucket",
      store: memoryStore(),
      policies: [tokenBucket({ limit: 1, window: "1 h" })],
    });
    const { limits: _limits, credits } = rigOf();
    const limits = anyOf([bucket, credits]);
    await limits.consume("ada");
    expect(await limits.wait("ada", { timeoutMs: 2 ** 31 - 1 })).toMatchObject({ allowed: true, member: 1 });
    expect(await limits.consume("ada", { maxDelayMs: 2 ** 31 - 1 } as never)).toMatchObject({ member: 1, delayMs: 0 });
  });

  test("ends with the caller's signal", async () => {
    const { limits } = rigOf();
    await limits.consume("ada", { cost: 5 });
    await limits.consume("ada", { cost: 20 });
    const caller = new AbortController();
    const waiting = limits.wait("ada", { timeoutMs: 2 ** 31 - 1, signal: caller.signal });
    setImmediate(() => caller.abort("gone"));
    await expect(waiting).rejects.toBe("gone");
  });
});

test("a member with leases serves from them, and the next is asked when they are used up", async () => {
  const clock = clockAt();
  const redis = simulatedRedis(clock.now);
  const options = { now: clock.now, failureMode: "closed" } as const;
  const policies = [fixedWindow({ limit: 40, window: "1 h" })];
  const plan = createLimiter({ name: "plan", store: redis, policies, leases: leases({ maxMs: 2000 }), ...options });
  const credits = createLimiter({ name: "credits", store: memoryStore(), policies: [balance], ...options });
  const limits = anyOf([plan, credits]);
  const members: number[] = [];
  for (let i = 0; i < 60; i += 1) {
    clock.ms += 10;
    const decision = await limits.consume("ada");
    expect(decision.allowed).toBe(true);
    members.push(decision.member);
  }
  expect(members.filter((member) => member === 0)).toHaveLength(40);
  expect(redis.asked).toBeLessThan(40);
});

describe("misuse", () => {
  test("at construction", () => {
    const { plan, credits, limits } = rigOf();
    expect(() => anyOf([] as never)).toThrow(/members must be a list of 1 to 8 limiters/);
    expect(() => anyOf({ plan } as never)).toThrow(/members must be a list of 1 to 8 limiters, not an object/);
    expect(() => anyOf([plan, limits] as never)).toThrow(
      /members\[1\] must be a limiter made by createLimiter or allOf/,
    );
    expect(() => anyOf([null] as never)).toThrow(/members\[0\] must be a limiter/);
    expect(() => anyOf([plan, credits, plan])).toThrow(/members\[2\] is the same limiter as members\[0\]/);
    expect(() => allOf({ limits } as never)).toThrow(
      /limiters.limits must be a limiter made by createLimiter, not an allOf/,
    );
  });

  test("of a call: before anybody is asked, also where only a later member is concerned", async () => {
    const { limits, plan } = rigOf();
    const mistakes: [unknown, unknown, RegExp][] = [
      ["ada", { cost: -1 }, /cost must be a whole number/],
      ["ada", { cost: { plan: 1 } }, /cost has nothing for "credits"/],
      [
        "ada",
        { cost: { plan: 1, credits: { tokens: 1 } } },
        /cost names the policy "tokens"; this limiter has "balance"/,
      ],
      ["ada", { cost: { plan: 1, credit: 1 } }, /cost names the level "credit"/],
      ["ada", { limit: { credits: -1 } }, /limit must be a whole number/],
      ["", {}, /key must be text/],
      [{ plan: "ada" }, {}, /key has nothing for the level "credits"/],
      [5, {}, /key must be an object/],
    ];
    for (const [key, options, message] of mistakes) {
      await expect(limits.consume(key as never, options as never), `${message}`).rejects.toThrow(message);
    }
    expect(await leftOf(plan)).toEqual([5, 60]);
  });
});

test("wrong names don't compile", () => {
  const { limits, plan, credits } = rigOf();
  expectTypeOf(limits.consume).parameter(0).toEqualTypeOf<string | Readonly<Record<"plan" | "credits", string>>>();
  // biome-ignore lint/correctness/noConstantCondition: for its types alone
  if (false) {
    // @ts-expect-error no such member
    limits.consume({ plan: "ada", credit: "acme" });
    // @ts-expect-error no such member
    limits.consume("ada", { cost: { plan: 1, credit: 1 } });
    // @ts-expect-error it has to be told who took
    limits.refund("ada", 1);
    const { limits: _other, ...rest } = rigOf();
    const levels = allOf({ org: rest.plan, user: rest.credits });
    const mixed = anyOf([levels, plan, credits]);
    expectTypeOf(mixed.consume)
      .parameter(0)
      .toEqualTypeOf<Readonly<Record<"org" | "user" | "plan" | "credits", string>>>();
    // @ts-expect-error a member is an allOf
    mixed.consume("ada");
  }
});
