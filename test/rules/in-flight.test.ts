import { allOf, createLimiter, fixedWindow, inFlight, memoryStore, openRules, rules } from "sluice";
import { ioredisClient } from "sluice/ioredis";
import { afterAll, expect, inject, test } from "vitest";
import { clockAt } from "../support/clock.ts";
import { connect, uniqueName } from "../support/redis.ts";

const connection = await connect(inject("redisUrl"));
const redis = ioredisClient(connection);
afterAll(() => connection.disconnect());

const REFRESH_MS = 1000;

async function limits() {
  const namespace = uniqueName();
  const clock = clockAt();
  const operator = openRules({ redis, namespace, now: clock.now });
  await operator.addAll([
    { what: "block", key: "bad" },
    { what: "allow", key: "good" },
  ]);
  const shared = { store: memoryStore(), now: clock.now, rules: rules({ redis, namespace, refreshMs: REFRESH_MS }) };
  const jobs = createLimiter({ ...shared, name: "jobs", policies: [inFlight({ limit: 1, hold: "1 m" })] });
  const user = createLimiter({ ...shared, name: "user", policies: [fixedWindow({ limit: 5, window: "1 d" })] });
  return { clock, jobs, user, operator, all: allOf({ jobs, user }) };
}

test.each([undefined, "job 1"])("work under a rule is blocked or let pass uncounted, with the id %s", async (id) => {
  const { jobs } = await limits();
  expect(await jobs.hold("bad", { id })).toMatchObject({ allowed: false, source: "rule" });
  for (let i = 0; i < 3; i += 1) {
    const held = await jobs.hold("good", { id });
    expect(held).toMatchObject({ allowed: true, source: "rule" });
    expect(await held.extend()).toBe(true);
    await held.release();
  }
  expect(await jobs.peek("bad")).toMatchObject({ allowed: false, source: "rule" });
});

test("and beside others: a block takes nothing of them, what is let pass holds nothing", async () => {
  const { all, jobs, user } = await limits();
  expect(await all.hold({ jobs: "bad", user: "ada" }, { id: "job 1" })).toMatchObject({
    allowed: false,
    level: "jobs",
  });
  expect(await user.peek("ada")).toMatchObject({ remaining: 5 });
  for (let i = 1; i <= 3; i += 1) {
    const held = await all.reserve({ jobs: "good", user: "ada" });
    expect(held.allowed).toBe(true);
    await held.release();
    await held.settle(1);
    expect(await user.peek("ada")).toMatchObject({ remaining: 5 - i });
  }
  const held = await all.hold({ jobs: "acme", user: "good" });
  expect(await jobs.peek("acme")).toMatchObject({ remaining: 0 });
  await held.release();
  expect(await jobs.peek("acme")).toMatchObject({ remaining: 1 });
});

test("a waitUntil that is looked up where it is needed goes with a hold: rules are read anew behind it", async () => {
  const { clock, jobs } = await limits();
  await (await jobs.hold("acme")).release();
  clock.ms += REFRESH_MS;
  const tasks: Promise<unknown>[] = [];
  class Options {
    get waitUntil() {
      return (task: Promise<unknown>) => void tasks.push(task);
    }
  }
  const held = await jobs.hold("acme", new Options());
  expect([held.allowed, tasks.length]).toEqual([true, 1]);
  await Promise.all(tasks);
});

test("a place that was taken is released and extended under a limit of 0 as ever", async () => {
  const { clock, jobs, operator } = await limits();
  const [first, second] = [await jobs.hold("acme"), await jobs.hold("other")];
  await operator.add({ what: "limit", limiter: "jobs", pattern: "*", limits: { "1-in-flight": 0 } }, { force: true });
  clock.ms += REFRESH_MS;
  expect(await jobs.hold("acme")).toMatchObject({ allowed: false, limit: 0 });
  await first.release();
  expect(await second.extend()).toBe(true);
  await operator.remove(3);
  clock.ms += REFRESH_MS;
  expect(await jobs.peek("acme")).toMatchObject({ remaining: 1 });
  expect(await jobs.peek("other")).toMatchObject({ remaining: 0 });
});
