import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, describe, expect, inject, test } from "vitest";
import { slidingWindow, tokenBucket } from "../../src/algorithm/policy.ts";
import { createLimiter } from "../../src/limiter/limiter.ts";
import { createSnapshots } from "../../src/limiter/snapshots.ts";
import { ioredisClient } from "../../src/store/ioredis.ts";
import { redisStore } from "../../src/store/redis.ts";
import { upstashClient } from "../../src/store/upstash.ts";
import { clockAt } from "../support/clock.ts";
import { known } from "../support/known.ts";
import { COUNTERS } from "../support/policies.ts";
import { connect, lastingClientOf, uniqueName } from "../support/redis.ts";

// What the best-known library was measured to do, one test for each, and what is right instead. All on a real Redis.

const redis = await connect(inject("redisUrl"));
afterAll(() => redis.disconnect());

const clock = clockAt();
const options = () => ({
  store: redisStore(lastingClientOf(redis)),
  name: uniqueName(),
  now: clock.now,
  timeoutMs: 30_000,
});

describe.each(Object.entries(COUNTERS))("%s", (_name, make) => {
  test("limit 10, 5 used: cost 8 is denied and takes nothing, so cost 5 passes", async () => {
    const limiter = createLimiter({ ...options(), policies: [make({ limit: 10, window: "1 m" })] });
    await limiter.consume("k", { cost: 5 });
    expect(await limiter.consume("k", { cost: 8 })).toMatchObject({ allowed: false, remaining: 5 });
    expect(await limiter.consume("k", { cost: 5 })).toMatchObject({ allowed: true, remaining: 0 });
  });
});

describe("20 per 2 s, all taken in one window, and the next one polled every 20 ms", () => {
  const policies = [slidingWindow({ limit: 20, window: "2 s" })];

  test.each([true, false])("admits the 20 that are due, snapshots %s", async (snapshots) => {
    const limiter = createLimiter({ ...options(), policies, snapshots });
    clock.ms += 2000 - (clock.ms % 2000);
    expect(await limiter.consume("k", { cost: 20 })).toMatchObject({ allowed: true });
    clock.ms += 2000;
    let admitted = 0;
    let askedFor = 0;
    for (let ms = 0; ms <= 2000; ms += 20) {
      const { allowed, source } = await limiter.consume("k");
      if (allowed) admitted += 1;
      if (source === "store") askedFor += 1;
      clock.ms += 20;
    }
    expect(admitted).toBe(20);
    // 101 polls: those admitted, and those denials only that no snapshot could tell.
    expect(askedFor).toBeLessThanOrEqual(snapshots ? 2 * admitted + 1 : 101);
  });

  test("a denied caller is told when it will be admitted, to the millisecond", async () => {
    const limiter = createLimiter({ ...options(), policies });
    clock.ms += 2000 - (clock.ms % 2000) + 23;
    await limiter.consume("k", { cost: 20 });
    const { allowed, retryAfterMs } = await limiter.consume("k");
    // The rest of this window, and a twentieth of the next.
    expect({ allowed, retryAfterMs }).toEqual({ allowed: false, retryAfterMs: 1977 + 100 });
    clock.ms += retryAfterMs - 1;
    expect((await limiter.consume("k")).allowed).toBe(false);
    clock.ms += 1;
    expect((await limiter.consume("k")).allowed).toBe(true);
  });
});

test("a bucket with 3 left: cost 5 is denied, and then cost 1 passes", async () => {
  const limiter = createLimiter({ ...options(), policies: [tokenBucket({ limit: 10, window: "1 m" })] });
  await limiter.consume("k", { cost: 7 });
  expect(await limiter.consume("k", { cost: 5 })).toMatchObject({ allowed: false, remaining: 3 });
  expect(await limiter.consume("k")).toMatchObject({ allowed: true, remaining: 2 });
});

test("however many keys are denied, no more than maxKeys are kept, and none for longer than twice maxAgeMs", () => {
  const snapshots = createSnapshots({ maxKeys: 400, maxAgeMs: 5000 });
  for (let i = 0; i < 500; i += 1) {
    snapshots.get(`k${i}`, 0);
    snapshots.set(`k${i}`, { state: [0, 1], limits: "", askedAt: 0 }, snapshots.turn(), 1000);
    expect(snapshots.size).toBeLessThanOrEqual(400);
  }
  expect(snapshots.size).toBeGreaterThanOrEqual(200);
  for (const now of [5000, 10_000]) snapshots.get("anything", now);
  expect(snapshots.size).toBe(0);
});

test.each(["tenant", "*", "tenant*", "ten?nt"])("reset(%j) leaves the others alone", async (reset) => {
  const limiter = createLimiter({ ...options(), policies: [tokenBucket({ limit: 5, window: "1 h" })] });
  const keys = ["tenant", "tenant:alice", "tenant:bob", "other", "*"];
  for (const key of keys) await limiter.consume(key, { cost: 2 });
  await limiter.reset(reset);
  for (const key of keys) expect(await limiter.peek(key)).toMatchObject({ remaining: key === reset ? 5 : 3 });
});

describe("no Redis", () => {
  const policies = [tokenBucket({ limit: 5, window: "1 h" })];
  const servers: Server[] = [];
  afterAll(() => {
    for (const server of servers) server.closeAllConnections();
    for (const server of servers) server.close();
  });

  test("connections are refused: a decision that says so, no exception and no counts", async () => {
    const store = redisStore(upstashClient({ url: "http://127.0.0.1:9", token: "secret" }));
    const answer = await createLimiter({ name: "test", store, policies }).consume("k");
    expect(answer).toMatchObject({ allowed: true, source: "fallback", limit: 5, error: { kind: "network" } });
    expect(answer).not.toHaveProperty("remaining");
    expect(`${answer.error?.message}`).not.toContain("secret");
    expect(await createLimiter({ name: "test", store, policies, failureMode: "closed" }).consume("k")).toMatchObject({
      allowed: false,
    });
  });

  test("no answer: a decision after timeoutMs, and the request is ended", async () => {
    let ended: (() => void) | undefined;
    const requestEnded = new Promise<void>((resolve) => {
      ended = resolve;
    });
    const server = createServer((request) => request.once("close", () => ended?.()));
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const limiter = createLimiter({
      name: "test",
      store: redisStore(upstashClient({ url, token: "t" })),
      policies,
      timeoutMs: 50,
    });
    const since = performance.now();
    const answer = await limiter.consume("k");
    expect(answer).toMatchObject({ allowed: true, limit: 5, source: "fallback", error: { kind: "timeout" } });
    expect(performance.now() - since).toBeLessThan(4000);
    await requestEnded;
  });
});

test("a peek on a bucket after ten refill intervals sees it full", async () => {
  const limiter = createLimiter({ ...options(), policies: [tokenBucket({ limit: 10, window: "10 s" })] });
  await limiter.consume("k", { cost: 7 });
  clock.ms += 10_000;
  expect(await limiter.peek("k")).toMatchObject({ allowed: true, remaining: 10, resetAfterMs: 0 });
});

test("stock Redis, which refuses the flag of Upstash, will do", async () => {
  await expect(redis.eval("#!lua flags=allow-key-locking\nreturn 1", 0)).rejects.toThrow("Unexpected flag");
  const store = redisStore(ioredisClient(redis));
  const limiter = createLimiter({
    store,
    name: uniqueName(),
    policies: [tokenBucket({ limit: 2, window: "1 h" })],
  });
  expect(known(await limiter.consume("k"))).toMatchObject({ allowed: true, source: "store", remaining: 1 });
});

// Billed commands and bytes per identifier: test/store/redis-budget.test.ts. Server time: npm run bench:redis.
