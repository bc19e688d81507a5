import { afterAll, describe, expect, inject, test } from "vitest";
import { fixedWindow, tokenBucket } from "../../src/algorithm/policy.ts";
import type { Decision } from "../../src/core/decision.ts";
import { allOf } from "../../src/limiter/all-of.ts";
import { leases } from "../../src/limiter/leases/leases.ts";
import { createLimiter } from "../../src/limiter/limiter.ts";
import type { LimiterOptions } from "../../src/limiter/options.ts";
import { penalty } from "../../src/limiter/penalty/penalty.ts";
import { openRules } from "../../src/rules/open-rules.ts";
import { rules } from "../../src/rules/rules.ts";
import { ioredisClient } from "../../src/store/ioredis.ts";
import { redisStore } from "../../src/store/redis.ts";
import { clockAt } from "../support/clock.ts";
import { known } from "../support/known.ts";
import { connect, lastingClientOf, uniqueName } from "../support/redis.ts";

const redis = await connect(inject("redisUrl"));
afterAll(() => redis.disconnect());

const REFRESH_MS = 1000;
const quota = fixedWindow({ name: "quota", limit: 100_000, window: "1 h" });

/** Isolates with leases that last longer than rules take to be read. */
function rigOf(options: Partial<LimiterOptions> = {}) {
  const clock = clockAt();
  const namespace = uniqueName();
  const operator = openRules({ redis: ioredisClient(redis), namespace, now: clock.now });
  const store = redisStore(lastingClientOf(redis), { namespace });
  const isolateOf = (name = "api", more: Partial<LimiterOptions> = {}) =>
    createLimiter({
      name,
      store,
      policies: [quota],
      now: clock.now,
      leases: leases({ maxMs: 60_000 }),
      rules: rules({ redis: ioredisClient(redis), namespace, refreshMs: REFRESH_MS }),
      ...options,
      ...more,
    });
  /** So many calls within as many ms. */
  async function calls(isolate: { consume(key: string): Promise<Decision> }, many: number, stepMs = 1) {
    const answers: string[] = [];
    for (let n = 0; n < many; n += 1) {
      const { allowed, source } = await isolate.consume("k");
      answers.push(`${source}${allowed ? "+" : "-"}`);
      clock.ms += stepMs;
    }
    return answers;
  }
  return { clock, operator, isolateOf, calls };
}

/** An isolate that serves the key from what it holds. */
async function leased(rig = rigOf(), isolate = rig.isolateOf()) {
  const answers = await rig.calls(isolate, 100);
  expect(answers.at(-1)).toBe("lease+");
  expect(answers.every((answer) => answer.endsWith("+"))).toBe(true);
  return { ...rig, isolate };
}

describe("a change of the rules ends leases", () => {
  test("a block: until it is read what is held is served, and after refreshMs nothing is", async () => {
    const { operator, isolate, calls, clock } = await leased();
    await operator.add({ what: "block", limiter: "api", key: "k" });
    const answers = await calls(isolate, 2 * REFRESH_MS);
    const first = answers.indexOf("rule-");
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThanOrEqual(REFRESH_MS);
    expect(new Set(answers.slice(first))).toEqual(new Set(["rule-"]));
    await operator.remove(1);
    clock.ms += REFRESH_MS;
    expect((await calls(isolate, 1))[0]).toBe("store+");
  });

  test("a limit lowered below what was used: nothing of what is held is served any more", async () => {
    const { operator, isolate, calls } = await leased();
    await operator.add({ what: "limit", limiter: "api", key: "k", limits: { quota: 50 } });
    const answers = await calls(isolate, 2 * REFRESH_MS);
    expect(answers.slice(REFRESH_MS).filter((answer) => answer.endsWith("+"))).toEqual([]);
    expect(answers.at(-1)).toBe("snapshot-");
  });

  test("a raised limit admits within refreshMs, where a snapshot or a pause denied", async () => {
    const rig = rigOf({ policies: [tokenBucket({ name: "quota", limit: 60, window: "1 h", burst: 60 })] });
    const isolate = rig.isolateOf();
    const answers = await rig.calls(isolate, 200, 0);
    expect(answers.at(-1)).toMatch(/^(lease|snapshot)-$/);
    await rig.operator.add({ what: "limit", limiter: "api", key: "k", limits: { quota: 6000 } });
    rig.clock.ms += REFRESH_MS;
    expect((await rig.calls(isolate, 1))[0]).toBe("store+");
  });

  test("an allow: once it is read nothing is counted, and what was held stays counted", async () => {
    const { operator, isolate, calls, clock, isolateOf } = await leased();
    const { rule } = await operator.add({ what: "allow", limiter: "api", key: "k" });
    const used = async () => quota.limit - known(await isolateOf("api", { rules: undefined }).peek("k")).remaining;
    const answers = await calls(isolate, 2 * REFRESH_MS);
    const first = answers.indexOf("rule+");
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThanOrEqual(REFRESH_MS);
    expect(new Set(answers.slice(first))).toEqual(new Set(["rule+"]));
    const counted = await used();
    // The hundred before and those until it was read; what was held is lost to the quota.
    expect(counted).toBeGreaterThanOrEqual(100 + first);
    await operator.remove(rule.id);
    clock.ms += REFRESH_MS;
    expect(await calls(isolate, 3)).toEqual(["store+", "store+", "store+"]);
    expect(await used()).toBe(counted + 3);
  });

  test("a raised limit while units are held: they are not spent any more, and the next call asks by the new one", async () => {
    const { operator, isolate, calls, clock } = await leased();
    await operator.add({ what: "limit", limiter: "api", key: "k", limits: { quota: 200_000 } });
    clock.ms += REFRESH_MS;
    expect((await calls(isolate, 1))[0]).toBe("store+");
    expect(await isolate.peek("k")).toMatchObject({ limit: 200_000 });
  });

  test("several isolates: after refreshMs none serves what it took under the limit before", async () => {
    const rig = rigOf();
    const isolates = [rig.isolateOf(), rig.isolateOf(), rig.isolateOf()];
    for (const isolate of isolates) await leased(rig, isolate);
    await rig.operator.add({ what: "limit", limiter: "api", key: "k", limits: { quota: 50 } });
    const madeAt = rig.clock.ms;
    let lastAdmittedAt = 0;
    while (rig.clock.ms < madeAt + 2 * REFRESH_MS) {
      for (const isolate of isolates) {
        if ((await isolate.consume("k")).allowed) lastAdmittedAt = rig.clock.ms;
      }
      rig.clock.ms += 10;
    }
    expect(lastAdmittedAt).toBeGreaterThan(madeAt);
    expect(lastAdmittedAt - madeAt).toBeLessThan(REFRESH_MS);
  });

  test("a limiter that the rule does not name goes on with what it holds", async () => {
    const { operator, isolate, calls, clock } = await leased();
    await operator.add({ what: "block", limiter: "other", key: "k" });
    clock.ms += REFRESH_MS;
    expect(await calls(isolate, 3)).toEqual(["lease+", "lease+", "lease+"]);
  });

  test("what is asked for while the rules change is worth nothing afterwards", async () => {
    const tasks: Promise<unknown>[] = [];
    const rig = rigOf({ waitUntil: (task) => void tasks.push(task) });
    const { operator, isolate, calls, clock } = await leased(rig);
    await operator.add({ what: "limit", limiter: "api", key: "k", limits: { quota: 50 } });
    clock.ms += REFRESH_MS;
    await calls(isolate, 1);
    await Promise.all(tasks);
    expect(new Set(await calls(isolate, 50))).toEqual(new Set(["store-", "snapshot-"]));
  });

  test("in allOf the level that the rule names asks anew, and the others keep what they hold", async () => {
    const rig = rigOf();
    const [org, user] = [rig.isolateOf("org"), rig.isolateOf("user")];
    const all = allOf({ org, user });
    const both = { consume: () => all.consume({ org: "k", user: "k" }) };
    expect((await rig.calls(both, 100)).at(-1)).toBe("lease+");
    await rig.operator.add({ what: "block", limiter: "user", key: "k" });
    rig.clock.ms += REFRESH_MS;
    const blocked = await rig.calls(both, 20);
    expect(new Set(blocked)).toEqual(new Set(["rule-"]));
    expect((await rig.calls(org, 1))[0]).toBe("lease+");
    expect((await rig.calls(user, 1))[0]).toBe("rule-");
  });
});

describe("rules beside a penalty", () => {
  const policies = [quota, penalty({ after: 2, within: "1 h", for: "1 h" })];
  const limited = (limits: number) => ({ what: "limit", limiter: "api", key: "k", limits: { quota: limits } }) as const;

  test("denials under a rule's limit are strikes, those by a block are none; what is allowed is admitted though blocked", async () => {
    const rig = rigOf({ leases: undefined, policies });
    const isolate = rig.isolateOf();
    const { id } = (await rig.operator.add({ what: "block", limiter: "api", key: "k" })).rule;
    expect(new Set(await rig.calls(isolate, 10))).toEqual(new Set(["rule-"]));
    await rig.operator.remove(id);
    await rig.operator.add(limited(1));
    rig.clock.ms += REFRESH_MS;
    expect(await rig.calls(isolate, 4)).toEqual(["store+", "store-", "penalty-", "penalty-"]);
    await rig.operator.add({ what: "allow", limiter: "api", key: "k" });
    rig.clock.ms += REFRESH_MS;
    expect(await rig.calls(isolate, 2)).toEqual(["rule+", "rule+"]);
    // An operator's exception does not keep the program from blocking.
    expect((await (isolate as ReturnType<typeof blocking>).block("other", "1 h")).policy).toBe("blocked");
    expect((await isolate.consume("other")).policy).toBe("blocked");
  });

  test("with leases, too: a lowered limit strikes at once, and the block ends what is held", async () => {
    const { operator, isolate, calls, clock } = await leased(rigOf({ policies }));
    await operator.add(limited(50));
    clock.ms += REFRESH_MS;
    expect(await calls(isolate, 4)).toEqual(["store-", "penalty-", "penalty-", "penalty-"]);
  });
});

/** Its type alone. */
const blocking = () =>
  createLimiter({
    name: "a",
    store: redisStore(lastingClientOf(redis)),
    policies: [quota, penalty({ after: 1, within: 1, for: 1 })],
  });
