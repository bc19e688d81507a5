import { afterAll, afterEach, beforeEach, expect, inject, test, vi } from "vitest";
import { fixedWindow } from "../../src/algorithm/policy.ts";
import type { LimiterEvent } from "../../src/core/event.ts";
import { allOf } from "../../src/limiter/all-of.ts";
import { readLimiters } from "../../src/limiter/described/read-limiters.ts";
import { createLimiter } from "../../src/limiter/limiter.ts";
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

/** A task that nobody catches is a mistake of ours. */
const unhandled: unknown[] = [];
const note = (reason: unknown) => void unhandled.push(reason);
beforeEach(() => void process.on("unhandledRejection", note));
afterEach(async () => {
  vi.useRealTimers();
  await new Promise(setImmediate);
  process.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
});

/** Descriptions that never come back, come back with an error, or are written. */
type Outcome = "hangs" | "fails" | "is written";

function rigOf(outcome: Outcome, more: Partial<LimiterOptions> = {}) {
  // Descriptions are read by today's date.
  const clock = clockAt(Date.now());
  const namespace = uniqueName();
  const state = { outcome, sent: 0, aborted: 0 };
  const events: LimiterEvent[] = [];
  const clientOf = (client: RedisClient, signal?: AbortSignal): RedisClient => {
    async function ask(keys: string[], command: () => Promise<unknown>): Promise<unknown> {
      if (!keys[0]?.endsWith("sluice:limiters")) return command();
      state.sent += 1;
      signal?.addEventListener("abort", () => {
        state.aborted += 1;
      });
      if (state.outcome === "hangs") return new Promise<never>(() => {});
      if (state.outcome === "fails") throw new Error("NOPERM this user has no permissions to run the 'hset' command");
      return command();
    }
    return {
      evalsha: (sha1, keys, args) => ask(keys, () => client.evalsha(sha1, keys, args)),
      eval: (text, keys, args) => ask(keys, () => client.eval(text, keys, args)),
      del: (key) => client.del(key),
      withSignal: (signal) => clientOf(client, signal),
    };
  };
  const store = memoryStore();
  const shared = { rules: rules({ redis: clientOf(ioredisClient(redis)), namespace, refreshMs: REFRESH_MS }) };
  const limiterOf = (name: string, own: Partial<LimiterOptions> = {}) =>
    createLimiter({
      name,
      store,
      policies: [fixedWindow({ name: "quota", limit: 100, window: "1 h" })],
      now: clock.now,
      timeoutMs: 3_600_000,
      onEvent: (event) => void events.push(event),
      ...shared,
      ...more,
      ...own,
    });
  const operator = openRules({ redis: ioredisClient(redis), namespace, now: clock.now });
  const asked = () =>
    events.flatMap((event) => {
      if (event.type !== "store") return [];
      return `${event.limiter} ${event.purpose} ${event.error?.kind ?? ""}`.trim();
    });
  const written = () => readLimiters({ redis: ioredisClient(redis), namespace });
  return { clock, state, limiterOf, operator, asked, written };
}

// With a deadline of an hour whoever waits for it does not answer within this test.
test("a description that hangs holds up nobody: the first call goes by the rules that it has read", async () => {
  const { limiterOf, operator, asked, state } = rigOf("hangs");
  await operator.add({ what: "block", key: "bad" });
  const [api, org] = [limiterOf("api"), limiterOf("org")];
  expect(await api.consume("bad")).toMatchObject({ allowed: false, source: "rule" });
  // What another limiter has read is known, but beside a read it can describe itself.
  expect(await org.consume("bad")).toMatchObject({ allowed: false, source: "rule" });
  expect(await allOf({ api, org }).consume({ api: "good", org: "good" })).toMatchObject({ allowed: true });
  expect(asked()).toEqual(["api rules", "org rules"]);
  expect(state.sent).toBe(2);
});

test.each(["hangs", "fails"] as const)("a description that %s is no failed read of the rules", async (outcome) => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const tasks: Promise<unknown>[] = [];
  const { limiterOf, asked, clock } = rigOf(outcome, {
    timeoutMs: 1000,
    breaker: { failures: 1 },
    waitUntil: (task) => void tasks.push(task),
  });
  const limiter = limiterOf("api");
  const kind = outcome === "hangs" ? "timeout" : "auth";
  for (let round = 1; round <= 3; round += 1) {
    await limiter.consume("k");
    await vi.advanceTimersByTimeAsync(1001);
    await Promise.all(tasks.splice(0));
    const all = Array.from({ length: round }, () => [`api description ${kind}`, "api rules"]).flat();
    expect(asked().toSorted()).toEqual(all.toSorted());
    // One that was not written is tried again, as often as the rules are read.
    await limiter.consume("k");
    // For so long that the next call waits for its read, and no timer is heard before that.
    clock.ms += 2 * REFRESH_MS;
  }
});

test("it is written behind the answer where there is a waitUntil, once in an isolate", async () => {
  const { limiterOf, asked, written, clock } = rigOf("is written");
  const limiter = limiterOf("api");
  const tasks: Promise<unknown>[] = [];
  const waitUntil = (task: Promise<unknown>) => void tasks.push(task);
  await limiter.consume("k", { waitUntil });
  expect(tasks).toHaveLength(1);
  await Promise.all(tasks);
  expect(await written()).toMatchObject([
    { name: "api", policies: [{ name: "quota", algorithm: "fixedWindow", limit: 100 }] },
  ]);
  expect(asked().toSorted()).toEqual(["api description", "api rules"]);
  clock.ms += REFRESH_MS;
  await limiter.consume("k", { waitUntil });
  await Promise.all(tasks);
  expect(asked().toSorted()).toEqual(["api description", "api rules", "api rules"]);
});

test("without a waitUntil it is written beside a read, and given up on with it", async () => {
  const { limiterOf, written, state, asked, clock } = rigOf("is written");
  const [api, org] = [limiterOf("api"), limiterOf("org")];
  // Redis then knows the scripts of both, so that it answers what was sent first before the other.
  const tasks: Promise<unknown>[] = [];
  await limiterOf("warm", { waitUntil: (task) => void tasks.push(task) }).consume("k");
  await Promise.all(tasks);
  await api.consume("k");
  expect(await written()).toMatchObject([{ name: "api" }, { name: "warm" }]);
  const { sent } = state;
  state.outcome = "hangs";
  for (let i = 0; i < 3; i += 1) await org.consume("k");
  expect(state).toMatchObject({ sent: sent + 1, aborted: 1 });
  state.outcome = "is written";
  clock.ms += REFRESH_MS;
  await org.consume("k");
  expect(await written()).toHaveLength(3);
  expect(asked().filter((event) => event.includes("description"))).toHaveLength(3);
});
