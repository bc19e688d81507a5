import { afterAll, expect, inject, test } from "vitest";
import { fixedWindow } from "../../src/algorithm/policy.ts";
import type { LimiterEvent } from "../../src/core/event.ts";
import { allOf } from "../../src/limiter/all-of.ts";
import { createLimiter, type Limiter } from "../../src/limiter/limiter.ts";
import type { LimiterOptions } from "../../src/limiter/options.ts";
import { openRules } from "../../src/rules/open-rules.ts";
import { rules } from "../../src/rules/rules.ts";
import { ioredisClient } from "../../src/store/ioredis.ts";
import { memoryStore } from "../../src/store/memory.ts";
import type { RedisClient } from "../../src/store/redis-client.ts";
import { clockAt } from "../support/clock.ts";
import { connect, uniqueName } from "../support/redis.ts";

const redis = await connect(inject("redisUrl"));
afterAll(() => redis.disconnect());

const REFRESH_MS = 10_000;
/** From its first failure on, a limiter with this breaker asks no more. */
const DONE_WITH_IT = { failures: 1, pauseMs: 3_600_000 };

/** Limiters that share the rules, each with a breaker of its own; `away`: whoever asks then fails. */
function rigOf() {
  const clock = clockAt();
  const namespace = uniqueName();
  const client = ioredisClient(redis);
  const state = { away: false, until: undefined as Promise<void> | undefined };
  const gated: RedisClient = {
    eval: client.eval,
    del: client.del,
    async evalsha(sha1, keys, args) {
      if (state.away) throw new Error("connect ECONNREFUSED");
      await state.until;
      return client.evalsha(sha1, keys, args);
    },
  };
  const events: string[] = [];
  function onEvent(event: LimiterEvent) {
    if (event.type !== "store" || event.purpose !== "rules") return;
    events.push(`${event.limiter} ${event.error ? "failed" : "read"}`);
  }
  const shared = { rules: rules({ redis: gated, namespace, refreshMs: REFRESH_MS }), store: memoryStore() };
  const limiterOf = (name: string, breaker: LimiterOptions["breaker"] = true) =>
    createLimiter({
      name,
      policies: [fixedWindow({ name: "quota", limit: 1000, window: "1 h" })],
      now: clock.now,
      breaker,
      onEvent,
      ...shared,
    });
  const operator = openRules({ redis: client, namespace, now: clock.now });
  const later = (ms = REFRESH_MS) => {
    clock.ms += ms;
  };
  /** A call while the rules can't be read. */
  async function failing(limiter: Pick<Limiter, "consume">) {
    state.away = true;
    await limiter.consume("k");
    state.away = false;
  }
  return { state, limiterOf, operator, later, failing, told: () => events.splice(0) };
}

test("an open breaker keeps its own limiter from reading, and no other", async () => {
  const { limiterOf, operator, later, failing, told } = rigOf();
  const [broken, other] = [limiterOf("broken", DONE_WITH_IT), limiterOf("other")];
  await other.consume("k");
  later();
  await failing(broken);
  for (let round = 0; round < 3; round += 1) {
    const { rule } = await operator.add({ what: "block", key: "k" });
    later();
    told();
    expect(await broken.consume("k")).toMatchObject({ source: "store" });
    expect(await other.consume("k")).toMatchObject({ source: "rule" });
    // What others have read is known to all.
    expect(await broken.consume("k")).toMatchObject({ source: "rule" });
    expect(told()).toEqual(["other read"]);
    await operator.remove(rule.id);
    later();
    await broken.consume("k");
    await other.consume("k");
  }
});

test("in an isolate that has read no rules yet, too", async () => {
  const { limiterOf, operator, failing, told } = rigOf();
  const [broken, other] = [limiterOf("broken", DONE_WITH_IT), limiterOf("other")];
  await operator.add({ what: "block", key: "k" });
  await failing(broken);
  expect(await broken.consume("k")).toMatchObject({ source: "store" });
  expect(await other.consume("k")).toMatchObject({ source: "rule" });
  expect(await broken.consume("k")).toMatchObject({ source: "rule" });
  expect(told()).toEqual(["broken failed", "other read"]);
});

test("of several limiters in one verdict the next one reads where the first one's breaker is open", async () => {
  const { limiterOf, operator, later, failing, told } = rigOf();
  const [broken, other] = [limiterOf("broken", DONE_WITH_IT), limiterOf("other")];
  const both = allOf({ broken, other });
  await other.consume("k");
  later();
  await failing(broken);
  await operator.add({ what: "block", key: "k" });
  later();
  told();
  expect(await both.consume({ broken: "k", other: "k" })).toMatchObject({ source: "rule" });
  expect(told()).toEqual(["other read"]);
});

test("a limiter whose reads fail, as with too short a deadline, takes no turn from the others, and its failures are its own", async () => {
  const { limiterOf, operator, later, failing, told } = rigOf();
  const [hasty, other] = [limiterOf("hasty"), limiterOf("other", DONE_WITH_IT)];
  await other.consume("k");
  for (let round = 0; round < 6; round += 1) {
    const { rule } = await operator.add({ what: "block", key: "k" });
    later();
    told();
    await failing(hasty);
    expect(await other.consume("k")).toMatchObject({ source: "rule" });
    expect(told()).toEqual(["hasty failed", "other read"]);
    await operator.remove(rule.id);
    later();
    expect(await other.consume("k")).toMatchObject({ source: "store" });
  }
});

test("while Redis is away each limiter asks once in refreshMs, and behind its answer where there is a waitUntil", async () => {
  const { limiterOf, later, told, state } = rigOf();
  const limiters = ["one", "two", "three"].map((name) => limiterOf(name, false));
  await limiters[0]?.consume("k");
  told();
  state.away = true;
  const tasks: Promise<unknown>[] = [];
  for (let second = 0; second < 25; second += 1) {
    later(1000);
    for (const limiter of limiters) await limiter.consume("k", { waitUntil: (task) => void tasks.push(task) });
    await Promise.all(tasks.splice(0));
  }
  const rounds = ["one failed", "two failed", "three failed"];
  expect(told()).toEqual([...rounds, ...rounds]);
});

test("while a read is under way the others make none, and once it has failed the next call does", async () => {
  const { limiterOf, later, told, state } = rigOf();
  const [first, second] = [limiterOf("first"), limiterOf("second")];
  const tasks: Promise<unknown>[] = [];
  const waitUntil = (task: Promise<unknown>) => void tasks.push(task);
  for (const limiter of [first, second]) await limiter.consume("k", { waitUntil });
  await Promise.all(tasks.splice(0));
  later();
  told();
  let fail = (_reason: Error) => {};
  state.until = new Promise<void>((_resolve, reject) => {
    fail = reject;
  });
  await first.consume("k", { waitUntil });
  await second.consume("k", { waitUntil });
  expect(tasks).toHaveLength(1);
  fail(new Error("connect ECONNREFUSED"));
  await Promise.all(tasks);
  state.until = undefined;
  await first.consume("k", { waitUntil });
  expect(told()).toEqual(["first failed"]);
  await second.consume("k");
  expect(told()).toEqual(["second read"]);
  await first.consume("k");
  expect(told()).toEqual([]);
});
