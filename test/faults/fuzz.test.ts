import fc from "fast-check";
import {
  createLimiter,
  type Decision,
  fixedWindow,
  type Policy,
  redisStore,
  slidingLog,
  slidingWindow,
  tokenBucket,
} from "sluice";
import { upstashClient } from "sluice/upstash";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { createRedisRest, type RedisRest } from "../../src/server/rest/server.ts";
import { known } from "../support/known.ts";

let rest: RedisRest;

beforeAll(async () => {
  rest = await createRedisRest();
});

afterAll(() => rest?.close());

// Properties without I/O starve the event loop: before the next one it has to hear of connections closed meanwhile.
beforeEach(() => new Promise<void>((resolve) => setTimeout(resolve, 50)));

afterEach(() => void vi.unstubAllGlobals());

const NOW = 1_790_000_000_000;
const LIMIT = 10;
const one = { limit: LIMIT, window: "1 h" } as const;

const KINDS: readonly (readonly [string, readonly Policy[]])[] = [
  ["token bucket", [tokenBucket(one)]],
  ["sliding window", [slidingWindow(one)]],
  ["fixed window", [fixedWindow(one)]],
  ["sliding log", [slidingLog(one)]],
  ["policy set", [tokenBucket({ ...one, name: "a" }), slidingWindow({ ...one, name: "b" })]],
];

function limiterOf(policies: readonly Policy[], url = rest.url) {
  return createLimiter({
    name: "test",
    store: redisStore(upstashClient({ url, token: rest.token })),
    policies,
    failureMode: "closed",
    breaker: false,
    snapshots: false,
    timeoutMs: 60_000,
    now: () => NOW,
  });
}

/** Every number of a decision is one that a caller can reckon with. */
function expectSound(decision: Decision): void {
  expect(typeof decision.allowed).toBe("boolean");
  if (decision.source === "rule" || decision.source === "penalty") throw new Error("no limiter here blocks");
  expect(decision.limit).toBeGreaterThanOrEqual(0);
  if (decision.source === "fallback") return void expect(decision).not.toHaveProperty("remaining");
  const { remaining, retryAfterMs, resetAfterMs, delayMs, policies } = decision;
  for (const n of [
    remaining,
    retryAfterMs,
    resetAfterMs,
    delayMs,
    ...policies.flatMap((p) => [p.remaining, p.resetAfterMs]),
  ]) {
    expect(n).toBeGreaterThanOrEqual(0);
    expect(Number.isInteger(n) || n === Infinity).toBe(true);
  }
  expect(retryAfterMs === 0).toBe(decision.allowed);
}

const keys = fc.oneof(
  fc.string({ unit: "binary", minLength: 1, maxLength: 300 }),
  fc.string({ minLength: 1 }),
  fc.constantFrom(":", "{", "*", "\0", "\n", "a\r\nDEL b", "\ud800", "\udfff\ud800", "{a}:{b}", "%00", "__proto__"),
);

test("whatever the key, the answer is Redis's own, and keys don't share a quota", async () => {
  const limiter = limiterOf([fixedWindow({ limit: LIMIT, window: "1 h" })]);
  const used = new Map<string, number>();
  const check = async (key: string) => {
    const times = (used.get(key) ?? 0) + 1;
    used.set(key, times);
    const decision = await limiter.consume(key);
    expectSound(decision);
    expect(decision).toMatchObject({ source: "store", allowed: times <= LIMIT, remaining: Math.max(0, LIMIT - times) });
  };
  await fc.assert(fc.asyncProperty(keys, check), { numRuns: 300 });
  await check("x".repeat(1_000_000));
  await check(`${"x".repeat(999_999)}y`);
});

test("whatever is given as a key, a cost, a limit or a delay: a decision, or a TypeError or RangeError", async () => {
  const anything = fc.oneof(
    fc.anything(),
    fc.constantFrom(Number.NaN, 1.5, -1, 2 ** 53, "5", Infinity, -0, 5n, null, undefined),
    fc.integer({ min: 0, max: 20 }),
    fc.dictionary(fc.constantFrom("a", "b", "c", "__proto__"), fc.oneof(fc.integer(), fc.anything())),
  );
  const options = fc.record({ cost: anything, limit: anything, maxDelayMs: anything }, { requiredKeys: [] });
  const limiter = limiterOf(KINDS[4]?.[1] as readonly Policy[]);
  let decided = 0;
  const call = async (key: unknown, options: object, method: "consume" | "peek" | "refund" | "charge") => {
    try {
      const cost = (options as { cost: unknown }).cost as number;
      const decision =
        method === "consume" || method === "peek"
          ? await limiter[method](key as string, options)
          : await limiter[method](key as string, cost, options);
      expectSound(decision);
      decided += 1;
    } catch (error) {
      if ((error as Error).name === "AssertionError") throw error;
      expect(["TypeError", "RangeError"]).toContain((error as Error).name);
    }
  };
  const methods = fc.constantFrom("consume", "peek", "refund", "charge");
  await fc.assert(fc.asyncProperty(fc.oneof(keys, fc.anything()), options, methods, call), { numRuns: 500 });
  expect(decided).toBeGreaterThan(20);
});

test.each([Number.NaN, 1.5, -1, 2 ** 53, "5", Infinity, null, true, 5n, [1], { requests: 1 }, { a: -1 }])(
  "a cost that is no whole number from 0 is refused at the call, and nothing is asked: %s",
  async (cost) => {
    const fetched = vi.fn();
    vi.stubGlobal("fetch", fetched);
    const limiter = limiterOf(KINDS[4]?.[1] as readonly Policy[]);
    await expect(limiter.consume("k", { cost: cost as number })).rejects.toThrow(/^cost/);
    expect(fetched).not.toHaveBeenCalled();
  },
);

/** JSON such as a store out of its mind might send, close to a reply or far from it. */
const numbers = fc.oneof(
  fc.integer({ min: -2, max: 30 }),
  fc.maxSafeInteger(),
  fc.double(),
  fc.constantFrom(NOW, NOW + 1, NOW + 3_600_000, NOW + 86_400_001, 2 ** 53, 1e300),
);
const base64 = fc.oneof(numbers.map(String), fc.string()).map((text) => Buffer.from(text).toString("base64"));
const reply = fc.oneof(
  fc.array(fc.oneof({ weight: 4, arbitrary: numbers }, base64, fc.string(), fc.constant(null)), { maxLength: 28 }),
  fc
    .tuple(fc.constantFrom(0, 1), fc.constant(NOW), fc.array(fc.nat(20), { maxLength: 8 }))
    .map(([a, at, rest]) => [a, at, ...rest]),
  fc.jsonValue(),
);
/** A log's digest with the right shape and any contents. */
const digest = fc
  .tuple(fc.constantFrom(0, 1), fc.array(fc.oneof(fc.nat(20), fc.constantFrom(NOW - 1, NOW)), { maxLength: 12 }))
  .map(([verdict, rest]) => [verdict, NOW, NOW, ...rest]);
const bodies = fc.oneof(
  { weight: 5, arbitrary: fc.oneof(reply, digest).map((result) => JSON.stringify({ result })) },
  fc.jsonValue().map((value) => JSON.stringify(value)),
  fc.string().map((error) => JSON.stringify({ error })),
  fc.jsonValue().map((error) => JSON.stringify({ error, result: [1, NOW, 1] })),
  fc.string(),
);

test.each(KINDS)("whatever the store replies, no decision makes up counts: %s", async (_kind, policies) => {
  let body = "";
  let status = 200;
  vi.stubGlobal("fetch", async () => new Response(body, { status }));
  const limiter = limiterOf(policies, "http://127.0.0.1:1");
  const sources = { store: 0, fallback: 0 };
  const answered = async (text: string, code: number, cost: number) => {
    [body, status] = [text, code];
    const decision = await limiter.consume("k", { cost });
    expectSound(decision);
    sources[decision.source as "store" | "fallback"] += 1;
    if (decision.source === "fallback") expect(["reply", "network", "auth"]).toContain(decision.error.kind);
    // What a bucket or window has left after taking `cost` is never more than this.
    else if (decision.allowed) expect(known(decision).remaining).toBeLessThanOrEqual(LIMIT - cost);
  };
  const cases = fc.asyncProperty(
    bodies,
    fc.constantFrom(200, 200, 400, 401, 500),
    fc.integer({ min: 0, max: LIMIT }),
    answered,
  );
  await fc.assert(cases, { numRuns: 800 });
  expect(sources.fallback).toBeGreaterThan(400);
});

test.each(KINDS)("whatever a client returns or throws becomes a decision: %s", async (_kind, policies) => {
  const outcome = fc.record({
    value: fc.anything({ withBigInt: true, withNullPrototype: true }),
    thrown: fc.boolean(),
  });
  const property = fc.asyncProperty(outcome, async ({ value, thrown }) => {
    const answer = async () => {
      if (thrown) throw value;
      return value;
    };
    const client = { evalsha: answer, eval: answer, del: answer };
    const limiter = createLimiter({
      name: "test",
      store: redisStore(client),
      policies,
      failureMode: "closed",
      now: () => NOW,
    });
    const decision = await limiter.consume("k");
    expectSound(decision);
    expect(decision.source).toBe("fallback");
  });
  await fc.assert(property, { numRuns: 300 });
});

test.each(KINDS)("what Redis truly replies is never taken for nonsense: %s", async (kind, policies) => {
  let now = NOW;
  const store = redisStore(upstashClient({ url: rest.url, token: rest.token }));
  const limiter = createLimiter({
    store,
    policies,
    name: kind.replace(" ", "-"),
    breaker: false,
    snapshots: false,
    timeoutMs: 60_000,
    now: () => now,
  });
  const calls = fc.array(
    fc.record({
      method: fc.constantFrom("consume", "consume", "peek", "refund", "charge"),
      cost: fc.oneof(fc.integer({ min: 0, max: 12 }), fc.constantFrom(1000, 10_000_000)),
      limit: fc.constantFrom(1, 5, 10, 10, 10, 100),
      pass: fc.oneof(fc.integer({ min: -2000, max: 5000 }), fc.integer({ min: 0, max: 7_200_000 })),
      key: fc.nat(2),
    }),
    { minLength: 5, maxLength: 40 },
  );
  const property = fc.asyncProperty(calls, async (calls) => {
    for (const { method, cost, limit, pass, key } of calls) {
      now += pass;
      const booking = method === "refund" || method === "charge";
      const decision = booking
        ? await limiter[method](`${key}`, cost, { limit })
        : await limiter[method as "consume"](`${key}`, { cost, limit });
      expect(decision.error).toBeUndefined();
      expect(decision.source).toBe("store");
    }
  });
  await fc.assert(property, { numRuns: 30 });
});
