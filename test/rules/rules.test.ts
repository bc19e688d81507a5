import { afterAll, describe, expect, test } from "vitest";
import { fixedWindow, tokenBucket } from "../../src/algorithm/policy.ts";
import type { LimiterEvent, StoreEvent } from "../../src/core/event.ts";
import { allOf } from "../../src/limiter/all-of.ts";
import { anyOf } from "../../src/limiter/any-of.ts";
import { createLimiter, type Limiter } from "../../src/limiter/limiter.ts";
import type { LimiterOptions } from "../../src/limiter/options.ts";
import { countDecisions } from "../../src/observe/count-decisions.ts";
import { type NewRule, openRules } from "../../src/rules/open-rules.ts";
import { rules } from "../../src/rules/rules.ts";
import { startPrivateRedis } from "../../src/server/redis/private-redis.ts";
import { ioredisClient } from "../../src/store/ioredis.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { redisStore } from "../../src/store/redis.ts";
import type { RedisClient } from "../../src/store/redis-client.ts";
import type { StepRequest } from "../../src/store/store.ts";
import { billed } from "../support/billed.ts";
import { clockAt, MIDNIGHT } from "../support/clock.ts";
import { connect, uniqueName } from "../support/redis.ts";

// A server of its own: it counts commands.
const server = await startPrivateRedis();
const redis = await connect(server.url);
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

const REFRESH_MS = 10_000;
const quota = fixedWindow({ name: "quota", limit: 2, window: "1 h" });

/** A client that does harm on demand. */
function harmful(client = ioredisClient(redis)) {
  const state = { down: false, asked: 0 };
  const ask = <Args extends unknown[]>(command: (...args: Args) => Promise<unknown>) => {
    return async (...args: Args) => {
      state.asked += 1;
      if (state.down) throw new Error("connect ECONNREFUSED");
      return command(...args);
    };
  };
  const wrapped: RedisClient = { evalsha: ask(client.evalsha), eval: ask(client.eval), del: ask(client.del) };
  return { state, client: wrapped };
}

function rigOf(options: Partial<LimiterOptions> & { refreshMs?: number } = {}) {
  const clock = clockAt();
  const namespace = uniqueName();
  const { state, client } = harmful();
  const operator = openRules({ redis: ioredisClient(redis), namespace, now: clock.now });
  const events: LimiterEvent[] = [];
  const { refreshMs = REFRESH_MS, ...rest } = options;
  const shared = { rules: rules({ redis: client, namespace, refreshMs }), now: clock.now, store: memoryStore() };
  const limiterOf = (name: string, more: Partial<LimiterOptions> = {}) =>
    createLimiter({
      name,
      policies: [quota],
      onEvent: (event) => void events.push(event),
      ...shared,
      ...rest,
      ...more,
    });
  const asked = () =>
    events.filter((event): event is StoreEvent => event.type === "store" && event.purpose === "rules");
  const later = (ms = REFRESH_MS) => {
    clock.ms += ms;
  };
  const key = `${namespace}/sluice:rules`;
  return {
    clock,
    namespace,
    key,
    operator,
    state,
    client,
    shared,
    limiterOf,
    limiter: limiterOf("api"),
    events,
    asked,
    later,
  };
}

/** A first call, after which the rules have been read and the limiter is described. */
async function warm(limiter: Limiter) {
  const tasks: Promise<unknown>[] = [];
  await limiter.consume("warm", { waitUntil: (task) => void tasks.push(task) });
  await Promise.all(tasks);
}

describe("decisions", () => {
  test("a block denies before any quota, with the rule, the time that it lasts, and no counts", async () => {
    const { limiter, operator, clock } = rigOf();
    await operator.add({ what: "block", key: "k", for: "1 h", why: "abuse", by: "ann" });
    const rule = { what: "block", why: "abuse", until: MIDNIGHT + 3_600_000 };
    const denied = { allowed: false, policy: "rule", rule, retryAfterMs: 3_600_000, delayMs: 0, source: "rule" };
    expect(await limiter.consume("k")).toEqual(denied);
    clock.ms += 1000;
    expect(await limiter.peek("k")).toEqual({ ...denied, retryAfterMs: 3_599_000 });
    expect(await limiter.wait("k", { timeoutMs: 1000 })).toMatchObject({ allowed: false, source: "rule" });
    expect(await limiter.consume("other")).toMatchObject({ allowed: true, source: "store", remaining: 1 });
    clock.ms = rule.until;
    expect(await limiter.consume("k")).toMatchObject({ allowed: true, source: "store", remaining: 1 });
  });

  test("a block without an end is never over, and its JSON does not say 0", async () => {
    const { limiter, operator } = rigOf();
    await operator.add({ what: "block", key: "k" });
    const denied = await limiter.consume("k");
    expect(denied).toMatchObject({ retryAfterMs: Infinity, rule: { what: "block" } });
    expect(JSON.parse(JSON.stringify(denied))).not.toHaveProperty("retryAfterMs");
  });

  test("what is booked or given back under a block is counted", async () => {
    const { limiter, operator } = rigOf();
    await operator.add({ what: "block", key: "k", for: "1 m" });
    expect(await limiter.charge("k", 2)).toMatchObject({ source: "store", remaining: 0 });
    expect(await limiter.refund("k", 1)).toMatchObject({ source: "store", remaining: 1 });
  });

  test("what is allowed is not counted, and none of it is given back later", async () => {
    const { limiter, operator, later } = rigOf();
    const before = await limiter.consume("k");
    const { rule } = await operator.add({ what: "allow", key: "k" });
    later();
    const allowed = await limiter.consume("k", { limit: 0 });
    expect(allowed).toEqual({
      allowed: true,
      policy: "rule",
      rule: { what: "allow" },
      retryAfterMs: 0,
      delayMs: 0,
      source: "rule",
    });
    expect(await limiter.charge("k", 5)).toMatchObject({ source: "rule" });
    expect(await limiter.refund("k", 5)).toMatchObject({ source: "rule" });
    // What was counted before the rule is given back.
    expect(await limiter.refund("k", 1, { since: before })).toMatchObject({ source: "store", remaining: 2 });
    await operator.remove(rule.id);
    later();
    expect(await limiter.consume("k")).toMatchObject({ source: "store", remaining: 1 });
    expect(await limiter.refund("k", 1, { since: allowed })).toMatchObject({ source: "rule" });
    expect(await limiter.peek("k")).toMatchObject({ remaining: 1 });
  });

  test("a rule's limit comes before the call's, and policies that it does not name keep theirs", async () => {
    const policies = [quota, tokenBucket({ name: "burst", limit: 10, window: "1 s" })];
    const { limiter, operator } = rigOf({ policies });
    await operator.add(
      { what: "limit", pattern: "plan:*", limiter: "api", limits: { quota: 5, gone: 1 } },
      { force: true },
    );
    const limits = async (key: string, limit?: LimitOf) => {
      const decision = await limiter.consume(key, { limit });
      return "policies" in decision ? decision.policies.map(({ limit }) => limit) : decision;
    };
    type LimitOf = number | Record<string, number> | undefined;
    expect(await limits("plan:a")).toEqual([5, 10]);
    expect(await limits("plan:a", { quota: 3, burst: 20 })).toEqual([5, 20]);
    expect(await limits("plan:a", 7)).toEqual([5, 7]);
    expect(await limits("a", { quota: 3 })).toEqual([3, 10]);
    await expect(limiter.consume("plan:a", { limit: { nonsense: 1 } })).rejects.toThrow(RangeError);
  });

  test("a limit that a policy can't have is as if it were not there", async () => {
    const { limiter, operator } = rigOf();
    await operator.add({ what: "limit", key: "k", limits: { quota: Number.MAX_SAFE_INTEGER } });
    expect(await limiter.consume("k")).toMatchObject({ limit: 2, remaining: 1 });
  });

  test("a reservation is blocked as a call is, and one that a rule allows has nothing to settle", async () => {
    const { limiter, operator, later } = rigOf();
    const counted = await limiter.reserve("k", { cost: 2 });
    await operator.addAll([
      { what: "block", key: "bad" },
      { what: "allow", key: "k" },
    ]);
    later();
    expect(await limiter.reserve("bad")).toMatchObject({ allowed: false, source: "rule" });
    const allowed = await limiter.reserve("k", { cost: 2 });
    expect(allowed).toMatchObject({ allowed: true, source: "rule" });
    expect(await allowed.settle(5)).toMatchObject({ source: "rule" });
    // What was counted before the rule is settled with the store.
    expect(await counted.settle(1)).toMatchObject({ source: "store", remaining: 1 });
  });

  test("anyOf goes on to the next member where a rule blocks one", async () => {
    const { limiterOf, operator } = rigOf();
    const either = anyOf([limiterOf("plan"), limiterOf("credits")]);
    await operator.addAll([
      { what: "block", limiter: "plan", key: "k" },
      { what: "block", key: "k2", for: "1 m" },
    ]);
    expect(await either.consume("k")).toMatchObject({ allowed: true, member: 1, source: "store" });
    expect(await either.consume("k2")).toMatchObject({ allowed: false, source: "rule", retryAfterMs: 60_000 });
  });

  test("are counted, and the observers are told of them", async () => {
    const counter = countDecisions();
    const { limiter, operator } = rigOf({ onEvent: counter });
    await operator.addAll([
      { what: "block", key: "bad" },
      { what: "allow", key: "good" },
    ]);
    for (const key of ["bad", "bad", "good"]) await limiter.consume(key);
    expect([counter.counts().denied.rule, counter.counts().allowed.rule]).toEqual([2, 1]);
  });
});

describe("several limiters", () => {
  function levelsOf(rig: ReturnType<typeof rigOf>) {
    const [org, user] = [rig.limiterOf("org"), rig.limiterOf("user")];
    return { org, user, all: allOf({ org, user }) };
  }

  test("a block of one level denies the whole, which nothing was taken for, and that level binds", async () => {
    const rig = rigOf();
    const { org, all } = levelsOf(rig);
    await rig.operator.add({ what: "block", limiter: "user", key: "u", for: "1 h" });
    expect(await all.consume({ org: "o", user: "u" })).toMatchObject({
      allowed: false,
      source: "rule",
      policy: "rule",
      level: "user",
      limiter: "user",
      retryAfterMs: 3_600_000,
      parts: { user: { source: "rule", allowed: false } },
    });
    expect(await org.peek("o")).toMatchObject({ remaining: 2 });
  });

  test("a level that a rule allows is not counted, the others are, and each gets back what it gave", async () => {
    const rig = rigOf();
    const { org, user, all } = levelsOf(rig);
    await rig.operator.add({ what: "allow", limiter: "org", key: "o" });
    const keys = { org: "o", user: "u" };
    const first = await all.consume(keys);
    expect(first).toMatchObject({
      allowed: true,
      source: "store",
      level: "user",
      remaining: 1,
      parts: { org: { source: "rule" }, user: { remaining: 1 } },
    });
    await all.consume(keys);
    expect(await all.consume(keys)).toMatchObject({ allowed: false, level: "user", policy: "quota" });
    await rig.operator.remove(1);
    rig.later();
    await org.consume("o");
    expect(await all.refund(keys, 1, { since: first })).toMatchObject({ parts: { org: { source: "rule" } } });
    expect([await org.peek("o"), await user.peek("u")]).toMatchObject([{ remaining: 1 }, { remaining: 1 }]);
  });

  test("where rules allow all levels nothing is counted", async () => {
    const rig = rigOf();
    const { all } = levelsOf(rig);
    await rig.operator.add({ what: "allow", pattern: "o*" });
    expect(await all.consume({ org: "o", user: "o2" })).toMatchObject({ allowed: true, source: "rule", level: "org" });
  });

  test("read the rules once for a question", async () => {
    const rig = rigOf();
    const { all } = levelsOf(rig);
    await all.consume({ org: "o", user: "u" });
    expect(rig.asked()).toHaveLength(1);
  });
});

describe("reading", () => {
  test("2 commands for each refresh of an isolate, 3 where something has changed, none for the checks between", async () => {
    const { limiter, limiterOf, operator, later } = rigOf();
    await warm(limiter);
    const second = limiterOf("second");
    await warm(second);
    later();
    expect(await billed(redis, () => limiter.consume("k"))).toEqual({ evalsha: 1, getrange: 1 });
    const many = async () => {
      for (let i = 0; i < 50; i += 1) await limiter.consume(`k${i}`);
    };
    expect(await billed(redis, many)).toEqual({});
    await operator.add({ what: "block", key: "k" });
    later();
    expect(await billed(redis, () => limiter.consume("k"))).toEqual({ evalsha: 1, getrange: 2 });
    expect(await billed(redis, () => limiter.consume("k"))).toEqual({});
    later();
    expect(await billed(redis, () => second.consume("k"))).toEqual({ evalsha: 1, getrange: 1 });
  });

  test.each([true, false])("none for limiters made anew that say what one has said; waitUntil: %s", async (behind) => {
    const { limiterOf, later } = rigOf();
    // On a store of its own, since there a name may stand for other policies.
    const anew = (name: string, policies = [quota]) => limiterOf(name, { policies, store: memoryStore() });
    await warm(anew("api"));
    await warm(anew("org"));
    const call = (limiter: Limiter) => (behind ? warm(limiter) : limiter.consume("k"));
    const many = async () => {
      for (let i = 0; i < 50; i += 1) await call(anew(i % 2 ? "api" : "org"));
    };
    expect(await billed(redis, many)).toEqual({});
    later();
    expect(await billed(redis, many)).toEqual({ evalsha: 1, getrange: 1 });
    const { hget } = await billed(redis, () => call(anew("api", [fixedWindow({ limit: 1, window: "1 s" })])));
    expect(hget).toBe(1);
  });

  test("a limiter that goes on for days describes itself once in each of them", async () => {
    const { limiter, later } = rigOf();
    await warm(limiter);
    later(86_400_000);
    const { hget: nextDay } = await billed(redis, () => warm(limiter));
    later();
    const { hget: sameDay } = await billed(redis, () => warm(limiter));
    expect({ nextDay, sameDay }).toEqual({ nextDay: 1, sameDay: undefined });
  });

  test("and no isolate remembers or describes more limiters than the database keeps", async () => {
    const { limiterOf } = rigOf();
    const store = memoryStore();
    const describe = (i: number) => warm(limiterOf(`l${i}`, { policies: [quota], store }));
    for (let i = 0; i < 256; i += 1) await describe(i);
    expect(await billed(redis, () => describe(256))).toEqual({});
    expect(await billed(redis, () => describe(0))).toEqual({});
  });

  test("the first check waits for the rules, also where there is a waitUntil", async () => {
    const { limiter, operator } = rigOf();
    await operator.add({ what: "block", key: "k" });
    expect(await limiter.consume("k", { waitUntil: () => {} })).toMatchObject({ source: "rule" });
  });

  test("later it happens behind the answer where there is a waitUntil, else before it", async () => {
    const { limiter, operator, later } = rigOf();
    await warm(limiter);
    await operator.add({ what: "block", key: "k" });
    later();
    const tasks: Promise<unknown>[] = [];
    const waitUntil = (task: Promise<unknown>) => void tasks.push(task);
    expect(await limiter.consume("k", { waitUntil })).toMatchObject({ source: "store" });
    expect(tasks).toHaveLength(1);
    await Promise.all(tasks);
    expect(await limiter.consume("k", { waitUntil })).toMatchObject({ source: "rule" });
    await operator.remove(1);
    later();
    expect(await limiter.consume("k")).toMatchObject({ source: "store" });
  });

  test("an isolate that nobody asked for long reads before it answers", async () => {
    const { limiter, operator, later } = rigOf();
    await limiter.consume("k");
    await operator.add({ what: "block", key: "k" });
    later(2 * REFRESH_MS);
    expect(await limiter.consume("k", { waitUntil: () => {} })).toMatchObject({ source: "rule" });
  });

  test("a clock that is set back does not make the rules known last longer", async () => {
    const { limiter, operator, later } = rigOf();
    await limiter.consume("k");
    await operator.add({ what: "block", key: "k" });
    later(-60_000);
    expect(await limiter.consume("k")).toMatchObject({ source: "rule" });
  });

  test("where Redis is away at the first check no rules apply, an event tells, and the next check tries again", async () => {
    const { limiter, operator, state, asked } = rigOf({ breaker: false });
    await operator.add({ what: "block", key: "k" });
    state.down = true;
    expect(await limiter.consume("k")).toMatchObject({ allowed: true, source: "store" });
    expect(asked()).toMatchObject([{ limiter: "api", purpose: "rules", error: { kind: "network" } }]);
    state.down = false;
    expect(await limiter.consume("k")).toMatchObject({ source: "rule" });
  });

  test("where they can't be read the description is given up on, and none goes on behind the answer", async () => {
    const described: (AbortSignal | undefined)[] = [];
    const clientOf = (signal?: AbortSignal): RedisClient => {
      const evalsha: RedisClient["evalsha"] = async (_sha1, [key = ""]) => {
        if (key.endsWith("sluice:rules")) throw new Error("read ECONNRESET");
        described.push(signal);
        return new Promise<never>(() => {});
      };
      return { evalsha, eval: evalsha, del: async () => 0, withSignal: clientOf };
    };
    const limiter = createLimiter({
      name: "api",
      store: memoryStore(),
      policies: [quota],
      rules: rules({ redis: clientOf() }),
    });
    expect(await limiter.consume("k")).toMatchObject({ allowed: true, source: "store" });
    expect(described.map((signal) => signal?.aborted)).toEqual([true]);
  });

  test("where Redis goes away the rules known go on, and it is asked no more often than else", async () => {
    const { limiter, operator, state, asked, later } = rigOf();
    await operator.add({ what: "block", key: "k" });
    await warm(limiter);
    state.down = true;
    const before = state.asked;
    for (let i = 0; i < 20; i += 1) {
      later(1000);
      expect(await limiter.consume("k")).toMatchObject({ source: "rule" });
    }
    expect(state.asked - before).toBe(2);
    expect(asked().slice(1)).toMatchObject([{ error: { kind: "network" } }, { error: { kind: "network" } }]);
  });

  test("a Redis that hangs holds up a check for the limiter's timeoutMs, and after some failures not at all", async () => {
    const { namespace, clock } = rigOf();
    const never = () => new Promise<never>(() => {});
    const hung: RedisClient = { evalsha: never, eval: never, del: never };
    const events: LimiterEvent[] = [];
    const limiter = createLimiter({
      name: "api",
      store: memoryStore(),
      policies: [quota],
      now: clock.now,
      timeoutMs: 5,
      rules: rules({ redis: hung, namespace }),
      onEvent: (event) => void events.push(event),
    });
    for (let i = 0; i < 10; i += 1) expect(await limiter.consume(`k${i}`)).toMatchObject({ allowed: true });
    const asked = events.filter((event) => event.type === "store" && event.purpose === "rules");
    expect(asked).toHaveLength(3);
    expect(asked).toMatchObject(asked.map(() => ({ purpose: "rules", error: { kind: "timeout" } })));
  });

  test("a caller who leaves hears of it while the rules are read", async () => {
    const never = () => new Promise<never>(() => {});
    const limiter = createLimiter({
      name: "api",
      store: memoryStore(),
      policies: [quota],
      rules: rules({ redis: { evalsha: never, eval: never, del: never } }),
    });
    const controller = new AbortController();
    const answer = limiter.consume("k", { signal: controller.signal });
    controller.abort(new Error("left"));
    await expect(answer).rejects.toThrow("left");
  });

  test.each([
    ["foreign text", "hello"],
    ["a number", "42"],
    ["JSON", '{"rules":[]}'],
    ["a head alone", "sluice-rules 1 v9.abc\n"],
    ["cut off", 'sluice-rules 1 v9.abc\n[[1,"aklice"'],
    ["no list", "sluice-rules 1 v9.abc\n{}"],
    ["a rule of another kind", 'sluice-rules 1 v9.abc\n[[1,"zkk"]]'],
    ["a rule of everything", 'sluice-rules 1 v9.abc\n[[1,"ap"]]'],
    ["null in place of a rule", "sluice-rules 1 v9.abc\n[null]"],
    ["another format", 'sluice-rules 2 v9.abc\n[[1,"akk"]]'],
  ])("%s in the rules' place is ignored with one error event, and the rules known go on", async (_what, value) => {
    const { limiter, operator, key, asked, later, limiterOf, clock, namespace } = rigOf();
    await operator.add({ what: "block", key: "k" });
    await limiter.consume("k");
    await redis.set(key, value);
    for (let i = 0; i < 3; i += 1) {
      later();
      expect(await limiter.consume("k")).toMatchObject({ source: "rule", allowed: false });
    }
    expect(asked().filter(({ error }) => error)).toMatchObject([{ error: { kind: "reply" } }]);
    // An isolate that has never seen rules has none: its limits hold.
    const fresh = createLimiter({
      name: "api",
      store: memoryStore(),
      policies: [quota],
      now: clock.now,
      rules: rules({ redis: ioredisClient(redis), namespace }),
    });
    const verdicts = [];
    for (let i = 0; i < 3; i += 1) verdicts.push((await fresh.consume("k")).allowed);
    expect(verdicts).toEqual([true, true, false]);
    // Nobody writes over what is not theirs.
    await expect(operator.add({ what: "block", key: "other" })).rejects.toThrow(/no list of rules/);
    expect(await redis.get(key)).toBe(value);
    await redis.del(key);
    later();
    expect(await limiterOf("late").consume("k")).toMatchObject({ source: "store" });
  });

  test("a value of another type is ignored, too", async () => {
    const { limiter, key, asked, later } = rigOf();
    await redis.rpush(key, "x");
    for (let i = 0; i < 3; i += 1) {
      expect(await limiter.consume(`k${i}`)).toMatchObject({ source: "store" });
      later();
    }
    expect(asked().filter(({ error }) => error)).toHaveLength(1);
  });
});

describe("a change", () => {
  test.each(["raised", "lifted"])(
    "ends snapshots of the limiters that it names: a limit that is %s admits at once",
    async (kind) => {
      const { limiter, operator, later } = rigOf({
        store: redisStore(ioredisClient(redis), { namespace: uniqueName() }),
        snapshots: { maxAgeMs: 3_600_000 },
      });
      if (kind === "lifted") await operator.add({ what: "limit", limiter: "api", key: "k", limits: { quota: 1 } });
      for (let i = 0; i < 3; i += 1) await limiter.consume("k");
      expect(await limiter.consume("k")).toMatchObject({ allowed: false, source: "snapshot" });
      if (kind === "lifted") await operator.remove(1);
      else await operator.add({ what: "limit", limiter: "api", key: "k", limits: { quota: 4 } });
      later();
      expect(await limiter.consume("k")).toMatchObject({
        allowed: true,
        source: "store",
        remaining: kind === "lifted" ? 0 : 1,
      });
    },
  );

  test("leaves the snapshots of others alone", async () => {
    const { limiter, operator, later } = rigOf({
      store: redisStore(ioredisClient(redis), { namespace: uniqueName() }),
      snapshots: { maxAgeMs: 3_600_000 },
    });
    for (let i = 0; i < 3; i += 1) await limiter.consume("k");
    await operator.add({ what: "block", limiter: "other", key: "k" } satisfies NewRule);
    later();
    expect(await limiter.consume("k")).toMatchObject({ allowed: false, source: "snapshot" });
  });

  test("an answer from before a change is no snapshot after it", async () => {
    const { limiter, operator, later, shared } = rigOf();
    const store = redisStore(ioredisClient(redis), { namespace: uniqueName() });
    let answers = () => {};
    const gate = new Promise<void>((resolve) => {
      answers = resolve;
    });
    async function late(request: StepRequest, signal: AbortSignal) {
      const reply = await store.step(request, signal);
      await gate;
      return reply;
    }
    const slow = createLimiter({
      ...shared,
      name: "slow",
      policies: [quota],
      store: { ...store, step: late },
      snapshots: { maxAgeMs: 3_600_000 },
    });
    await limiter.consume("warm");
    const early = [slow.consume("k"), slow.consume("k"), slow.consume("k")];
    await operator.add({ what: "block", limiter: "slow", key: "other" });
    later();
    await limiter.consume("warm");
    answers();
    await Promise.all(early);
    expect(await slow.consume("k")).toMatchObject({ allowed: false, source: "store" });
  });
});
