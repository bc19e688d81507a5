import { Redis } from "ioredis";
import { createLimiter, fixedWindow, type Policy, redisStore, slidingLog, slidingWindow, tokenBucket } from "sluice";
import { upstashClient } from "sluice/upstash";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createRedisRest, type RedisRest } from "../../src/server/rest/server.ts";

let rest: RedisRest;
let redis: Redis;

beforeAll(async () => {
  rest = await createRedisRest();
  redis = new Redis(rest.redisUrl);
});

beforeEach(() => redis.flushall());

afterAll(async () => {
  redis?.disconnect();
  await rest?.close();
});

const LIMIT = 10;
const one = { limit: LIMIT, window: "1 h" } as const;
const NOW = 1_790_000_000_000;

const KINDS: Record<string, readonly Policy[]> = {
  "token bucket": [tokenBucket(one)],
  "sliding window": [slidingWindow(one)],
  "fixed window": [fixedWindow(one)],
  "policy set": [tokenBucket({ ...one, name: "a" }), slidingWindow({ ...one, name: "b" })],
  "sliding log": [slidingLog(one)],
};

function limiterOf(policies: readonly Policy[]) {
  const store = redisStore(upstashClient({ url: rest.url, token: rest.token }));
  return createLimiter({
    name: "test",
    store,
    policies,
    snapshots: false,
    breaker: false,
    now: () => NOW,
    timeoutMs: 60_000,
  });
}

/** Where a limiter keeps a key. */
async function placeOf(policies: readonly Policy[]): Promise<string> {
  await limiterOf(policies).consume("k");
  const [place] = await redis.keys("*");
  await redis.flushall();
  return place as string;
}

const bytes = (length: number, byte: number) => Buffer.alloc(length, byte);

const TEXTS: readonly (readonly [string, Buffer])[] = [
  ["nothing", Buffer.from("")],
  ["a word", Buffer.from("hello")],
  ["JSON", Buffer.from('{"count":3}')],
  ["a counter", Buffer.from("42")],
  ["a state cut off", bytes(11, 1)],
  ["a state too long", bytes(13, 1)],
  ["twelve bytes of 255", bytes(12, 255)],
  ["twelve zero bytes", bytes(12, 0)],
  ["twelve letters", Buffer.from("hello world!")],
  ["twenty bytes of 255", bytes(20, 255)],
  ["twenty-seven bytes of 255", bytes(27, 255)],
  ["a megabyte", bytes(1_000_000, 7)],
];

const LISTS: readonly (readonly [string, readonly string[]])[] = [
  ["a list of one word", ["hello"]],
  ["a list of one number", ["5"]],
  ["a list of words", ["a", "b", "c", "d"]],
  ["a list of three numbers", ["1", "2", "3"]],
  ["a list of old numbers", ["0", "0", "1000", "7"]],
  ["a list of numbers from far ahead", ["0", "0", "9000000000000", "7"]],
  ["a list with a gap", ["0", "0", `${NOW - 5}`, "x", `${NOW - 4}`, "2"]],
  ["a list that counts down", ["0", "9", `${NOW - 5}`, "7", `${NOW - 4}`, "5"]],
  ["a list with fractions", ["0", "0", `${NOW - 5}.5`, "1.5"]],
  ["a list with infinities", ["0", "0", `${NOW - 5}`, "1e400"]],
  ["a list that is not a number", ["0", "0", `${NOW - 5}`, "nan"]],
  ["a list with negative numbers", ["0", "0", "-5", "-7"]],
];

describe.each(Object.entries(KINDS).filter(([kind]) => kind !== "sliding log"))("%s", (_kind, policies) => {
  test.each(TEXTS)("a foreign value is no state and is overwritten: %s", async (_text, value) => {
    const place = await placeOf(policies);
    await redis.set(place, value);
    const limiter = limiterOf(policies);
    expect(await limiter.consume("k")).toMatchObject({ source: "store", allowed: true, remaining: LIMIT - 1 });
    expect(await limiter.consume("k")).toMatchObject({ source: "store", allowed: true, remaining: LIMIT - 2 });
    expect(await redis.pttl(place)).toBeGreaterThan(0);
  });
});

describe("sliding log", () => {
  test.each(LISTS)("a foreign value is no state and is overwritten: %s", async (_text, list) => {
    const policies = KINDS["sliding log"] as readonly Policy[];
    const place = await placeOf(policies);
    await redis.rpush(place, ...list);
    const limiter = limiterOf(policies);
    expect(await limiter.consume("k")).toMatchObject({ source: "store", allowed: true, remaining: LIMIT - 1 });
    expect(await limiter.consume("k")).toMatchObject({ source: "store", allowed: true, remaining: LIMIT - 2 });
    expect(await redis.pttl(place)).toBeGreaterThan(0);
  });
});

test.each(Object.entries(KINDS))(
  "a value of another type is an error of kind reply, until a reset: %s",
  async (kind, policies) => {
    const place = await placeOf(policies);
    if (kind === "sliding log") await redis.set(place, "text");
    else await redis.rpush(place, "list");
    const limiter = limiterOf(policies);
    const decision = await limiter.consume("k");
    expect(decision).toMatchObject({ source: "fallback", error: { kind: "reply", code: "WRONGTYPE" } });
    expect(decision.error?.message).not.toContain(place);
    await limiter.reset("k");
    expect(await limiter.consume("k")).toMatchObject({ source: "store", allowed: true, remaining: LIMIT - 1 });
  },
);
