import { afterAll, describe, expect, inject, test } from "vitest";
import { fixedWindow } from "../../src/algorithm/policy.ts";
import { createLimiter } from "../../src/limiter/limiter.ts";
import { ioredisClient } from "../../src/store/ioredis.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { redisStore } from "../../src/store/redis.ts";
import { storeKey } from "../../src/store/store-key.ts";
import { clockAt } from "../support/clock.ts";
import { connect, uniqueName } from "../support/redis.ts";

const redis = await connect(inject("redisUrl"));
afterAll(() => redis.disconnect());

const MEGABYTE = "x".repeat(2 ** 20);
/** All distinct, though some look alike, or are alike once written in UTF-8. */
const KEYS = [
  "a",
  "a:b",
  ":a",
  "a:",
  "{a}",
  "{a}b",
  "*",
  "a*",
  "?",
  "[a]",
  " ",
  " a",
  "a ",
  "a\0",
  "a\0b",
  "a\n",
  "a\r\nb",
  "#",
  "a#b",
  "é",
  "e\u0301",
  "\ufffd",
  "\ud800",
  "\udc00",
  "\ud800\ud800",
  "a\ud800",
  "😀",
  "{}",
  `{a}${"x".repeat(129)}`,
  `{a}${"y".repeat(129)}`,
  `{b}${"x".repeat(129)}`,
  `{}${"x".repeat(129)}`,
  "x".repeat(127),
  "x".repeat(128),
  "x".repeat(129),
  "é".repeat(64),
  "é".repeat(65),
  MEGABYTE,
  `${MEGABYTE}y`,
  `y${MEGABYTE}`,
];

test.each([
  ["in memory", () => memoryStore()],
  ["in Redis", () => redisStore(ioredisClient(redis))],
])("%s, distinct keys stay distinct, and reset mends one", async (_name, store) => {
  const { now } = clockAt();
  const options = { store: store(), policies: [fixedWindow({ limit: 1, window: "1 d" })], name: uniqueName(), now };
  const limiter = createLimiter({ ...options, timeoutMs: 30_000 });
  const shown = (key: string) => JSON.stringify(key.slice(0, 40));
  for (const key of KEYS) expect(await limiter.consume(key), shown(key)).toMatchObject({ allowed: true, remaining: 0 });
  for (const key of KEYS) expect(await limiter.consume(key), shown(key)).toMatchObject({ allowed: false });
  for (const key of ["*", "a", "{a}", "\ud800", MEGABYTE]) {
    await limiter.reset(key);
    for (const other of KEYS) expect((await limiter.peek(other)).allowed, shown(other)).toBe(other === key);
    await limiter.consume(key);
  }
});

describe("where a key's state lies", () => {
  test("short keys are there as they are, others by their digest, none longer than 128 bytes", async () => {
    const places = await Promise.all(KEYS.map((key) => storeKey("p", "f1d", key)));
    expect(new Set(places).size).toBe(KEYS.length);
    for (const [i, key] of KEYS.entries()) {
      const place = places[i] as string;
      expect(place.isWellFormed()).toBe(true);
      expect(Buffer.byteLength(place)).toBeLessThanOrEqual("p:f1d:".length + 128);
      if (place.startsWith("p:f1d:")) expect(place).toBe(`p:f1d:${key}`);
      else expect(place).toMatch(/^p:f1d#(\{.+\})?[\w-]{43}$/);
    }
    expect(places[KEYS.indexOf("x".repeat(128))]).toBe(`p:f1d:${"x".repeat(128)}`);
    expect(places[KEYS.indexOf("x".repeat(129))]).toMatch(/#/);
    expect(places[KEYS.indexOf("é".repeat(64))]).toBe(`p:f1d:${"é".repeat(64)}`);
    expect(places[KEYS.indexOf("é".repeat(65))]).toMatch(/#/);
  });

  test.each([
    ["{acme}", "{acme}"],
    ["teams/{acme}/ml", "{acme}"],
    ["{acme}{other}", "{acme}"],
    ["{{acme}}", "{{acme}"],
    [`{${"x".repeat(83)}}`, `{${"x".repeat(83)}}`],
    // No tags in a cluster either.
    ["{}{acme}", ""],
    ["acme}", ""],
    ["{acme", ""],
    // Too long beside a digest, and what may not be UTF-8.
    [`{${"x".repeat(84)}}`, ""],
    ["{\ud800}", ""],
  ])("a long key beginning with %s keeps the tag by which a cluster places it: %j", async (start, tag) => {
    const place = await storeKey("p", "f1d", start + "x".repeat(129));
    expect(place.replace(/[\w-]{43}$/, "")).toBe(`p:f1d#${tag}`);
    expect(place).toHaveLength(`p:f1d#${tag}`.length + 43);
  });

  test("another window or algorithm lies elsewhere, another limit does not", async () => {
    const { now } = clockAt();
    // Isolates with other limits, as while a new version is being deployed: limiters of one store must not differ.
    const store = memoryStore();
    const limiterOf = (limit: number, window: number) =>
      createLimiter({ name: "n", store: { ...store }, now, policies: [fixedWindow({ limit, window })] });
    await limiterOf(5, 1000).consume("k", { cost: 3 });
    expect(await limiterOf(9, 1000).peek("k")).toMatchObject({ remaining: 6 });
    expect(await limiterOf(5, 2000).peek("k")).toMatchObject({ remaining: 5 });
    expect(await limiterOf(5, 1000).peek("k")).toMatchObject({ remaining: 2 });
  });
});
