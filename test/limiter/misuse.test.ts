import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { calendar } from "../../src/algorithm/calendar.ts";
import { parts } from "../../src/algorithm/parts.ts";
import { fixedWindow, slidingWindow, tokenBucket } from "../../src/algorithm/policy.ts";
import { createLimiter, type Limiter } from "../../src/limiter/limiter.ts";
import type { LimiterOptions } from "../../src/limiter/options.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { redisStore } from "../../src/store/redis.ts";
import { known } from "../support/known.ts";

const policy = fixedWindow({ name: "requests", limit: 10, window: "1 m" });
const good: LimiterOptions = { name: "good", store: memoryStore(), policies: [policy] };

/** What the options may be is what callers without types may get wrong. */
// biome-ignore lint/suspicious/noExplicitAny: misuse is what is tested
type Anything = any;

/** The name, the value, and words of what is allowed must all be in the text. */
type Case = readonly [
  title: string,
  task: () => unknown,
  type: typeof TypeError | typeof RangeError,
  ...words: string[],
];

const making: Case[] = [
  ["no options", () => tokenBucket(undefined as Anything), TypeError, "policy", "options", "undefined"],
  ["a limit of 0", () => tokenBucket({ limit: 0, window: 1000 }), RangeError, "limit", "0", "1 to"],
  ["a limit below 0", () => fixedWindow({ limit: -5, window: 1000 }), RangeError, "limit", "-5", "1 to"],
  ["half a limit", () => slidingWindow({ limit: 1.5, window: 1000 }), RangeError, "limit", "1.5", "whole number"],
  ["no limit", () => slidingWindow({ window: 1000 } as Anything), TypeError, "limit", "undefined", "whole number"],
  ["NaN", () => slidingWindow({ limit: Number.NaN, window: 1000 }), RangeError, "limit", "NaN", "whole number"],
  ["Infinity", () => slidingWindow({ limit: Infinity, window: 1000 }), RangeError, "limit", "Infinity", "whole number"],
  ["a limit in words", () => fixedWindow({ limit: "10" as Anything, window: 1 }), TypeError, "limit", '"10"', "whole"],
  [
    "limit × window past 2^53",
    () => fixedWindow({ limit: 104_249_992, window: "1 d" }),
    RangeError,
    "limit",
    "104249991",
  ],
  ["burst × window past 2^53", () => tokenBucket({ limit: 1, window: "1 d", burst: 2 ** 40 }), RangeError, "burst"],
  ["a burst of 0", () => tokenBucket({ limit: 1, window: 1000, burst: 0 }), RangeError, "burst", "0", "1 to"],
  [
    "parts as a number",
    () => slidingWindow({ limit: 1, window: 1, parts: 10 as Anything }),
    TypeError,
    "parts",
    "10",
    "1 or",
  ],
  ["one part", () => parts(1), RangeError, "parts", "1", "2 to 60"],
  ["61 parts", () => parts(61), RangeError, "parts", "61", "2 to 60"],
  ["half a part", () => parts(2.5), RangeError, "parts", "2.5", "whole number"],
  ["a year", () => calendar("1 year" as Anything), RangeError, "period", '"1 year"', '"1 month"'],
  ["two months", () => calendar("2 months" as Anything), RangeError, "period", '"2 months"', '"1 month"'],
  ["no period", () => calendar(undefined as Anything), TypeError, "period", "undefined", '"1 day"'],
  [
    "no place",
    () => calendar("1 day", { timeZone: "Mars/Olympus" }),
    RangeError,
    "timeZone",
    '"Mars/Olympus"',
    "platform",
  ],
  ["an offset", () => calendar("1 day", { timeZone: "+02:00" }), RangeError, "timeZone", '"+02:00"', "Europe/Berlin"],
  [
    "a month in words",
    () => fixedWindow({ limit: 1, window: "1 month" as Anything }),
    RangeError,
    "window",
    '"1 month"',
  ],
  ["a window that is no calendar's", () => fixedWindow({ limit: 1, window: {} as Anything }), TypeError, "window"],
  ["a month to slide", () => slidingWindow({ limit: 1, window: calendar("1 month") as Anything }), TypeError, "window"],
  ["no window", () => fixedWindow({ limit: 1 } as Anything), TypeError, "window", "undefined"],
  ["a window of 0", () => fixedWindow({ limit: 1, window: 0 }), RangeError, "window", "0", "1 to"],
  ["a window of 0 s", () => fixedWindow({ limit: 1, window: "0 s" }), RangeError, "window", "0", "1 to"],
  [
    "a window in no unit",
    () => fixedWindow({ limit: 1, window: "10" as Anything }),
    RangeError,
    "window",
    '"10"',
    "10 s",
  ],
  ["a window in weeks", () => fixedWindow({ limit: 1, window: "1 w" as Anything }), RangeError, "window", '"1 w"', "d"],
  ["half a window", () => fixedWindow({ limit: 1, window: "1.5 s" as Anything }), RangeError, "window", '"1.5 s"'],
  ["a window of 367 days", () => fixedWindow({ limit: 1, window: "367 d" }), RangeError, "window", "31622400000"],
  ["an empty name", () => fixedWindow({ limit: 1, window: 1, name: "" }), RangeError, "name", '""', "1 to 64"],
  ["a name in Greek", () => fixedWindow({ limit: 1, window: 1, name: "λ" }), RangeError, "name", "λ", "ASCII"],
  ["a name of 65", () => fixedWindow({ limit: 1, window: 1, name: "x".repeat(65) }), RangeError, "name", "1 to 64"],
  [
    "another library's option",
    () => createLimiter({ ...good, timeout: 5000 } as Anything),
    TypeError,
    "There is no option timeout",
  ],
  [
    "no limiter options",
    () => createLimiter(undefined as Anything),
    TypeError,
    "createLimiter",
    "options",
    "undefined",
  ],
  [
    "no store",
    () => createLimiter({ name: "test", policies: [policy] } as Anything),
    TypeError,
    "store",
    "memoryStore",
  ],
  [
    "no policies",
    () => createLimiter({ name: "test", store: memoryStore() } as Anything),
    RangeError,
    "policies",
    "1 to 8",
    "undefined",
  ],
  ["an empty list", () => createLimiter({ ...good, policies: [] }), RangeError, "policies", "1 to 8", "an array"],
  [
    "nine policies",
    () =>
      createLimiter({
        ...good,
        policies: Array.from({ length: 9 }, (_, i) => fixedWindow({ limit: i + 1, window: 1 })),
      }),
    RangeError,
    "policies",
    "1 to 8",
  ],
  ["a policy twice", () => createLimiter({ ...good, policies: [policy, policy] }), RangeError, "policies", "distinct"],
  ["no policy", () => createLimiter({ ...good, policies: [{} as Anything] }), TypeError, "policies", "tokenBucket"],
  [
    "nothing",
    () => createLimiter({ ...good, policies: [undefined as Anything] }),
    TypeError,
    "policies",
    "tokenBucket",
  ],
  ["no name", () => createLimiter({ ...good, name: undefined as Anything }), TypeError, "name", "undefined", "1 to 64"],
  ["a name of 5", () => createLimiter({ ...good, name: 5 as Anything }), TypeError, "name", "5", "letters"],
  ["an empty name", () => createLimiter({ ...good, name: "" }), RangeError, "name", '""', "1 to 64"],
  ["a name of 65", () => createLimiter({ ...good, name: "x".repeat(65) }), RangeError, "name", "1 to 64"],
  ["a name with a colon", () => createLimiter({ ...good, name: "a:b" }), RangeError, "name", '"a:b"', "letters"],
  ["a name with a slash", () => createLimiter({ ...good, name: "a/b" }), RangeError, "name", '"a/b"', "letters"],
  ["half a pair", () => createLimiter({ ...good, name: "\ud800" }), RangeError, "name", "1 to 64"],
  ["no time", () => createLimiter({ ...good, timeoutMs: 0 }), RangeError, "timeoutMs", "0", "1 to 2147483647"],
  ["endless time", () => createLimiter({ ...good, timeoutMs: 2 ** 31 }), RangeError, "timeoutMs", "2147483648"],
  [
    "a mode",
    () => createLimiter({ ...good, failureMode: "shut" as Anything }),
    RangeError,
    "failureMode",
    '"shut"',
    "closed",
  ],
  ["a time for a clock", () => createLimiter({ ...good, now: 5 as Anything }), TypeError, "now", "5", "function"],
  [
    "an observer",
    () => createLimiter({ ...good, onEvent: true as Anything }),
    TypeError,
    "onEvent",
    "true",
    "function",
  ],
  [
    "a list with something else than observers",
    () => createLimiter({ ...good, onEvent: [() => {}, 5 as Anything] }),
    TypeError,
    "onEvent",
    "5",
    "list of functions",
  ],
  [
    "a waitUntil",
    () => createLimiter({ ...good, waitUntil: true as Anything }),
    TypeError,
    "waitUntil",
    "true",
    "function",
  ],
  ["snapshots", () => createLimiter({ ...good, snapshots: 5 as Anything }), TypeError, "snapshots", "5", "true"],
  ["null snapshots", () => createLimiter({ ...good, snapshots: null as Anything }), TypeError, "snapshots", "null"],
  [
    "maxKeys",
    () => createLimiter({ ...good, snapshots: { maxKeys: 1 } }),
    RangeError,
    "snapshots.maxKeys",
    "1",
    "2 to",
  ],
  ["maxAgeMs", () => createLimiter({ ...good, snapshots: { maxAgeMs: 0.5 } }), RangeError, "snapshots.maxAgeMs", "0.5"],
  ["no room", () => memoryStore({ maxKeys: 0 }), RangeError, "maxKeys", "0", "2 to"],
  ["no client", () => redisStore(undefined as Anything), TypeError, "redis", "evalsha"],
  ["half a client", () => redisStore({ evalsha() {}, eval() {} } as Anything), TypeError, "redis", "del"],
  [
    "a clock",
    () => redisStore({ evalsha() {}, eval() {}, del() {} } as Anything, { clock: "upstash" as Anything }),
    RangeError,
    "clock",
    '"upstash"',
    "isolate",
  ],
];

for (const [title, task, type, ...words] of making) {
  test(`making: ${title}`, () => {
    expect(task).toThrow(type);
    for (const word of words) expect(task).toThrow(word);
  });
}

const limiter: Limiter = createLimiter({
  ...good,
  name: "two",
  policies: [policy, tokenBucket({ name: "tokens", limit: 5, window: "1 s" })],
});

const calling: Case[] = [
  ["an empty key", () => limiter.consume(""), TypeError, "key", '""', "at least one character"],
  ["no key", () => limiter.peek(undefined as Anything), TypeError, "key", "undefined", "text"],
  ["a number for a key", () => limiter.reset(5 as Anything), TypeError, "key", "5", "text"],
  ["a cost below 0", () => limiter.consume("k", { cost: -1 }), RangeError, "cost", "-1", "0 to"],
  ["half a cost", () => limiter.peek("k", { cost: 0.5 }), RangeError, "cost", "0.5", "whole number"],
  ["NaN", () => limiter.consume("k", { cost: Number.NaN }), RangeError, "cost", "NaN", "whole number"],
  ["2^53", () => limiter.consume("k", { cost: 2 ** 53 }), RangeError, "cost", "9007199254740992", "9007199254740991"],
  ["a cost in words", () => limiter.consume("k", { cost: "3" as Anything }), TypeError, "cost", '"3"', "whole number"],
  ["null", () => limiter.consume("k", { cost: null as Anything }), TypeError, "cost", "null", "whole number"],
  ["a list", () => limiter.consume("k", { cost: [1, 2] as Anything }), TypeError, "cost", "Array", "plain object"],
  ["a Map", () => limiter.consume("k", { cost: new Map([["tokens", 1]]) as Anything }), TypeError, "cost", "Map"],
  ["a Set", () => limiter.peek("k", { cost: new Set([1]) as Anything }), TypeError, "cost", "Set", "policy name"],
  ["a Date", () => limiter.refund("k", new Date() as Anything), TypeError, "cost", "Date", "plain object"],
  ["a promise", () => limiter.consume("k", { cost: Promise.resolve(1) as Anything }), TypeError, "cost", "Promise"],
  ["a class", () => limiter.charge("k", new (class Cost {})() as Anything), TypeError, "cost", "plain object"],
  ["limits in a Map", () => limiter.peek("k", { limit: new Map() as Anything }), TypeError, "limit", "Map"],
  ["a refund below 0", () => limiter.refund("k", -1), RangeError, "cost", "-1", "0 to"],
  ["half a charge", () => limiter.charge("k", 1.5), RangeError, "cost", "1.5", "whole number"],
  ["a policy's cost", () => limiter.consume("k", { cost: { tokens: -2 } }), RangeError, "cost.tokens", "-2", "0 to"],
  [
    "another policy",
    () => limiter.consume("k", { cost: { token: 2 } }),
    RangeError,
    "cost",
    '"token"',
    '"requests", "tokens"',
  ],
  ["a limit below 0", () => limiter.consume("k", { limit: -1 }), RangeError, "limit", "-1", "0 to"],
  ["a limit of NaN", () => limiter.consume("k", { limit: { tokens: NaN } }), RangeError, "limit.tokens", "NaN", "0 to"],
  ["no limit at all", () => limiter.consume("k", { limit: -Infinity }), RangeError, "limit", "-Infinity", "0 to"],
  ["an endless cost", () => limiter.consume("k", { cost: Infinity }), RangeError, "cost", "Infinity", "0 to"],
  ["another's limit", () => limiter.peek("k", { limit: { x: 1 } }), RangeError, "limit", '"x"', '"requests", "tokens"'],
  [
    "a limit past 2^53",
    () => limiter.consume("k", { limit: { requests: 2 ** 50 } }),
    RangeError,
    'limit of policy "requests"',
    "1125899906842624",
  ],
  ["a delay below 0", () => limiter.consume("k", { maxDelayMs: -1 }), RangeError, "maxDelayMs", "-1", "0 to"],
  [
    "an endless delay",
    () => limiter.consume("k", { maxDelayMs: Infinity }),
    RangeError,
    "maxDelayMs",
    "Infinity",
    "0 to",
  ],
  ["a wait without end", () => limiter.wait("k", {} as Anything), TypeError, "timeoutMs", "undefined", "0 to"],
  ["a wait with nothing", () => limiter.wait("k", undefined as Anything), TypeError, "timeoutMs", "undefined", "0 to"],
  ["a wait with no time", () => limiter.wait("k", {} as Anything), TypeError, "timeoutMs", "undefined", "0 to"],
  [
    "a clock that stopped",
    () => createLimiter({ ...good, now: () => Number.NaN }).consume("k"),
    RangeError,
    "now",
    "NaN",
  ],
  [
    "a clock before 1970",
    () => createLimiter({ ...good, now: () => -1 }).consume("k"),
    RangeError,
    "now",
    "-1",
    "0 to",
  ],
];

for (const [title, task, type, ...words] of calling) {
  test(`calling: ${title}`, async () => {
    const thrown = await Promise.resolve(task()).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(type);
    for (const word of words) expect((thrown as Error).message).toContain(word);
  });
}

describe("what is allowed", () => {
  test("null stands for no options", async () => {
    const limiter = createLimiter({ ...good, store: memoryStore() });
    const none = null as Anything;
    expect(await limiter.consume("k", none)).toMatchObject({ remaining: 9 });
    expect(await limiter.peek("k", none)).toMatchObject({ remaining: 9 });
    expect(await limiter.charge("k", 2, none)).toMatchObject({ remaining: 7 });
    expect(await limiter.refund("k", 1, none)).toMatchObject({ remaining: 8 });
    await limiter.reset("k", none);
    expect(await limiter.peek("k")).toMatchObject({ remaining: 10 });
  });

  test("amounts by policy name come from any plain object: without a prototype, or of another realm", async () => {
    const bare = Object.assign(Object.create(null), { tokens: 2 });
    for (const cost of [bare, runInNewContext("({ tokens: 2 })")]) {
      const { policies } = known(await limiter.peek("plain", { cost, limit: cost }));
      expect(policies.map(({ limit }) => limit)).toEqual([10, 2]);
    }
  });

  test("methods work without their object, and fractions of a ms are no matter", async () => {
    const { consume, peek, reset } = createLimiter({ ...good, now: () => 1_700_000_000_000.75 });
    expect(await consume("free")).toMatchObject({ allowed: true, remaining: 9 });
    expect(await peek("free")).toMatchObject({ remaining: 9 });
    await reset("free");
    expect(await peek("free")).toMatchObject({ remaining: 10 });
  });

  test.each([
    ["250 ms", 250],
    ["10 s", 10_000],
    ["10s", 10_000],
    ["1 m", 60_000],
    ["2 h", 7_200_000],
    ["366 d", 31_622_400_000],
    [1234, 1234],
  ] as const)("a window of %s", (window, windowMs) => {
    expect(fixedWindow({ limit: 1, window }).windowMs).toBe(windowMs);
  });

  test.each([
    ["10-per-1s", 1000],
    ["10-per-90s", 90_000],
    ["10-per-1m", 60_000],
    ["10-per-1d", 86_400_000],
    ["10-per-1500ms", 1500],
  ])("a policy without a name is called %s", (name, window) => {
    expect(fixedWindow({ limit: 10, window }).name).toBe(name);
  });
});
