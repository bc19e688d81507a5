import { afterAll, describe, expect, inject, test } from "vitest";
import { fixedWindow } from "../../src/algorithm/policy.ts";
import { writeDescription } from "../../src/limiter/described/descriptions.ts";
import { type NewRule, openRules } from "../../src/rules/open-rules.ts";
import { createReader } from "../../src/rules/reader.ts";
import { RulesChangedError } from "../../src/rules/rules-changed.ts";
import { ioredisClient } from "../../src/store/ioredis.ts";
import { redisStore } from "../../src/store/redis.ts";
import type { RedisClient } from "../../src/store/redis-client.ts";
import { clockAt, MIDNIGHT } from "../support/clock.ts";
import { connect, uniqueName } from "../support/redis.ts";

const redis = await connect(inject("redisUrl"));
afterAll(() => redis.disconnect());

const { signal } = new AbortController();

function rigOf(client: RedisClient = ioredisClient(redis)) {
  const clock = clockAt();
  const namespace = uniqueName();
  const open = () => openRules({ redis: client, namespace, now: clock.now });
  return { clock, namespace, open, rules: open(), key: `${namespace}/sluice:rules` };
}

describe("rules", () => {
  test("are added, listed and removed, each with a number of its own", async () => {
    const { rules, clock } = rigOf();
    const added = await rules.add({
      what: "block",
      network: "192.0.2.77/24",
      limiter: "api",
      for: "90 m",
      why: "scraper — again",
      by: "ann",
    });
    const rule = {
      id: 1,
      what: "block",
      network: "192.0.2.0/24",
      limiter: "api",
      until: MIDNIGHT + 5_400_000,
      why: "scraper — again",
      by: "ann",
      at: MIDNIGHT,
    };
    expect(added.rule).toEqual(rule);
    const second = await rules.add({ what: "allow", key: "ü" });
    expect(await rules.list()).toEqual([rule, second.rule]);
    expect(await rules.remove(2, { by: "bob" })).toEqual(second.rule);
    expect(await rules.remove(2)).toBeUndefined();
    expect((await rules.add({ what: "allow", key: "k" })).rule.id).toBeGreaterThan(2);
    clock.ms += 5_400_000;
    expect(await rules.list()).toMatchObject([{ key: "k" }]);
  });

  test("replace those of the same limiter and keys that do the same, and leave others alone", async () => {
    const { rules } = rigOf();
    await rules.addAll([
      { what: "block", key: "k" },
      { what: "block", key: "k", limiter: "api" },
      { what: "allow", key: "k" },
      { what: "block", key: "k", why: "the last of one call" },
    ]);
    await rules.add({ what: "block", key: "k", limiter: "api", why: "anew" });
    expect(await rules.list()).toMatchObject([
      { what: "allow" },
      { what: "block", why: "the last of one call" },
      { limiter: "api", why: "anew" },
    ]);
  });

  test("have a history of the last 100 changes, under a key in the same slot of a cluster", async () => {
    const { rules, key } = rigOf();
    await rules.add({ what: "block", key: "k", by: "ann" });
    await rules.remove(1, { by: "bob" });
    expect(await rules.history()).toMatchObject([
      { change: "remove", by: "bob", at: MIDNIGHT, count: 1, rules: [{ id: 1, key: "k" }] },
      { change: "add", by: "ann", rules: [{ id: 1, key: "k" }] },
    ]);
    for (let i = 0; i < 120; i += 1) await rules.add({ what: "block", key: `k${i}` });
    const history = await rules.history();
    expect(history).toHaveLength(100);
    expect(history[0]?.rules).toMatchObject([{ key: "k119" }]);
    expect(await redis.llen(`{${key}}:history`)).toBe(100);
  });

  test("of two operators at once are all kept", async () => {
    const { open } = rigOf();
    const operators = Array.from({ length: 6 }, open);
    const adding = operators.flatMap((rules, i) =>
      Array.from({ length: 5 }, (_rule, n) => rules.add({ what: "block", key: `${i}.${n}` })),
    );
    const ids = (await Promise.all(adding)).map(({ rule }) => rule.id);
    expect(new Set(ids).size).toBe(30);
    expect(await open().list()).toHaveLength(30);
    await Promise.all(ids.slice(0, 20).map((id, i) => operators[i % 6]?.remove(id)));
    expect((await open().list()).map(({ id }) => id)).toEqual(ids.slice(20).sort((a, b) => a - b));
    expect(await open().history()).toHaveLength(50);
  });

  test("a change decided on a version is made only while it stands; nothing of the other's is lost", async () => {
    const { open } = rigOf();
    const [ann, bob] = [open(), open()];
    const { version: empty } = await ann.read();
    await bob.add({ what: "block", key: "k", by: "bob" }, { version: empty });
    const late = ann.add({ what: "allow", key: "k", by: "ann" }, { version: empty });
    await expect(late).rejects.toThrow(RulesChangedError);
    await expect(ann.remove(1, { by: "ann", version: empty })).rejects.toThrow("The rules have changed since");
    expect(await ann.list()).toMatchObject([{ what: "block", by: "bob" }]);
    expect(await ann.history()).toHaveLength(1);
    const { version } = await ann.read();
    expect(version).not.toBe(empty);
    expect(await ann.remove(1, { by: "ann", version })).toMatchObject({ id: 1 });
    await expect(ann.remove(1, { version })).rejects.toThrow(RulesChangedError);
    expect(await ann.remove(1)).toBeUndefined();
  });

  test("take no more than 512 KiB, and what would is not written", async () => {
    const { rules, key } = rigOf();
    const many = (count: number, length: number): NewRule[] =>
      Array.from({ length: count }, (_rule, i) => ({ what: "block", key: `${i}`.padEnd(length, "x") }));
    await rules.addAll(many(1000, 400));
    const before = await redis.get(key);
    await expect(rules.addAll(many(400, 401))).rejects.toThrow(/would take \d+ bytes, of at most 524288/);
    expect(await redis.get(key)).toBe(before);
  });

  test("10 000 networks that are blocked for a time fit in", async () => {
    const { rules, namespace } = rigOf();
    const many = Array.from({ length: 10_000 }, (_rule, i): NewRule => {
      return { what: "block", network: `10.${i >> 8}.${i & 255}.0/24`, for: "30 d" };
    });
    await rules.addAll(many);
    const reader = createReader(redisStore(ioredisClient(redis), { namespace }));
    await reader.read(signal);
    expect(reader.index.find("any", "10.39.15.7", MIDNIGHT)).toMatchObject({ id: 10_000 });
    expect(reader.index.find("any", "10.39.16.7", MIDNIGHT)).toBeUndefined();
  });
});

describe("what can't be meant is refused, unless it is forced", () => {
  async function described() {
    const rig = rigOf();
    const policies = [fixedWindow({ name: "quota", limit: 5, window: "1 d" })];
    const store = redisStore(ioredisClient(redis), { namespace: rig.namespace });
    await writeDescription(store, { name: "api", policies }, MIDNIGHT, signal);
    return rig.rules;
  }

  test.each<[NewRule, RegExp]>([
    [{ what: "block", pattern: "*" }, /every key/],
    [{ what: "allow", pattern: "**" }, /every key/],
    [{ what: "block", network: "0.0.0.0/0" }, /every address/],
    [{ what: "block", network: "::/0" }, /every address/],
    [{ what: "limit", limiter: "api", key: "k", limits: { burst: 1 } }, /no policy "burst"; it has "quota"/],
    [{ what: "limit", limiter: "api", key: "k", limits: { quota: 2 ** 40 } }, /at most 104249991;/],
  ])("%j", async (rule, why) => {
    const rules = await described();
    await expect(rules.add(rule)).rejects.toThrow(RangeError);
    await expect(rules.add(rule)).rejects.toThrow(why);
    expect(await rules.list()).toEqual([]);
    expect((await rules.add(rule, { force: true })).warnings).toMatchObject([expect.stringMatching(why)]);
    expect(await rules.list()).toHaveLength(1);
  });

  test("what may be meant is accepted with a warning", async () => {
    const rules = await described();
    expect((await rules.add({ what: "block", limiter: "apy", key: "k" })).warnings).toEqual([
      'no limiter "apy" has been seen here within 30 days; seen: "api"',
    ]);
    expect((await rules.add({ what: "block", network: "2001:db8::1" })).warnings).toMatchObject([
      expect.stringMatching(/clientIp are \/64 networks/),
    ]);
    expect((await rules.add({ what: "block", limiter: "api", key: "k" })).warnings).toEqual([]);
    expect(
      (await rules.add({ what: "limit", limiter: "api", key: "k", limits: { quota: 104_249_991 } })).warnings,
    ).toEqual([]);
  });
});

test.each([
  [{ what: "block" }, "A rule must have one of key, pattern and network"],
  [{ what: "block", key: "a", pattern: "a*" }, "A rule must have one of key, pattern and network"],
  [{ what: "ban", key: "a" }, 'what must be "limit", "allow" or "block", not "ban"'],
  [{ what: "limit", key: "a" }, 'limits must be there for "limit", and for nothing else'],
  [{ what: "block", key: "a", limits: { q: 1 } }, 'limits must be there for "limit", and for nothing else'],
  [{ what: "limit", key: "a", limits: {} }, "limits must be an object of 1 to 8 numbers by policy name, not an object"],
  [
    { what: "limit", key: "a", limits: { q: -1 } },
    "limits.q must be a whole number from 0 to 9007199254740991, not -1",
  ],
  [{ what: "block", key: "" }, 'key must be text of 1 to 512 characters, not ""'],
  [{ what: "block", pattern: "abc" }, 'pattern must be text with a *, not "abc"'],
  [
    { what: "block", network: "10.0.0.0/33" },
    'network must be an address or a network, as in "192.0.2.0/24" or "2001:db8::/32", not "10.0.0.0/33"',
  ],
  [
    { what: "block", key: "a", limiter: "a b" },
    'limiter must be 1 to 64 letters, digits, dots, dashes or underscores, not "a b"',
  ],
  [{ what: "block", key: "a", for: "1 h", until: 5 }, "A rule has for or until, not both"],
  [null, "A rule must be an object, not null"],
])("%j: %s", async (rule, message) => {
  const { rules } = rigOf();
  await expect(rules.add(rule as NewRule)).rejects.toThrow(message);
});

test("openRules names the option that is wrong", () => {
  expect(() => openRules(null as never)).toThrow("The options of openRules must be an object");
  expect(() => openRules({ redis: {} as never })).toThrow("redis must have the method evalsha");
  expect(() => openRules({ redis: ioredisClient(redis), namespace: "a/b" })).toThrow("namespace must be");
});

test("answers in another order than they were asked for: the latest question's counts", async () => {
  const { rules, namespace } = rigOf();
  const client = ioredisClient(redis);
  const gates: (() => void)[] = [];
  async function delayed(command: () => Promise<unknown>) {
    const reply = await command();
    await new Promise<void>((resolve) => gates.push(resolve));
    return reply;
  }
  const reader = createReader(
    redisStore(
      { ...client, withSignal: () => ({ ...client, evalsha: (...args) => delayed(() => client.evalsha(...args)) }) },
      { namespace },
    ),
  );
  await rules.add({ what: "block", key: "k" });
  const early = reader.read(signal);
  await expect.poll(() => gates.length).toBe(1);
  await rules.add({ what: "allow", key: "k2" });
  const late = reader.read(signal);
  await expect.poll(() => gates.length).toBe(2);
  gates[1]?.();
  await late;
  gates[0]?.();
  await early;
  expect(reader.index.find("any", "k2", MIDNIGHT)).toMatchObject({ what: "allow" });
});
