import { expect, test } from "vitest";
import { fixedWindow, slidingLog } from "../../src/algorithm/policy.ts";
import { StoreError } from "../../src/core/errors.ts";
import { type AllOfOptions, allOf } from "../../src/limiter/all-of.ts";
import { createLimiter, type Limiter } from "../../src/limiter/limiter.ts";
import type { LimiterOptions } from "../../src/limiter/options.ts";
import { memoryStore } from "../../src/store/memory.ts";
import type { RemoteStore } from "../../src/store/store.ts";

const KEYS = { org: "acme", user: "ada" };

/** What callers without types may get wrong. */
// biome-ignore lint/suspicious/noExplicitAny: misuse is what is tested
type Anything = any;
type Case = readonly [string, () => unknown, typeof TypeError | typeof RangeError, ...words: string[]];

const store = memoryStore();
const limiterOf = (name: string, more: Partial<LimiterOptions> = {}): Limiter =>
  createLimiter({ name, store, policies: [fixedWindow({ name: "quota", limit: 5, window: "1 h" })], ...more });
const [org, user] = [limiterOf("org"), limiterOf("user")];
const nine = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`l${i}`, limiterOf(`l${i}`)]));
const log = limiterOf("log", { policies: [slidingLog({ limit: 5, window: "1 h" })] });
const oneByOne: RemoteStore = {
  remote: true,
  clock: "limiter",
  step: () => Promise.reject(new StoreError("network", "down")),
  reset: async () => {},
};
const all = allOf({ org, user });

const making: Case[] = [
  ["another library's option", () => allOf({ org }, { timeout: 5 } as Anything), TypeError, "no option timeout"],
  ["no limiters", () => allOf({}), TypeError, "limiters", "1 to 8"],
  ["undefined", () => allOf(undefined as Anything), TypeError, "limiters", "undefined"],
  ["nine limiters", () => allOf(nine), RangeError, "limiters", "1 to 8"],
  ["no limiter", () => allOf({ org, user: {} as Anything }), TypeError, "limiters.user", "createLimiter"],
  ["null", () => allOf({ org, user: null as Anything }), TypeError, "limiters.user", "null"],
  ["an allOf", () => allOf({ org, user: all as Anything }), TypeError, "limiters.user", "not an allOf"],
  [
    "another store",
    () => allOf({ org, user: limiterOf("user", { store: memoryStore() }) }),
    RangeError,
    "limiters.user",
    "store",
    '"org"',
  ],
  ["the same limiter", () => allOf({ org, team: org }), RangeError, "limiters.team", '"org"'],
  ["a limiter of the same name", () => allOf({ org, team: limiterOf("org") }), RangeError, "limiters.team", '"org"'],
  ["a log", () => allOf({ org, log }), RangeError, "limiters.log", "slidingLog", "slidingWindow"],
  [
    "a store for one key",
    () => allOf({ org: limiterOf("org", { store: oneByOne }) }),
    RangeError,
    "limiters.org",
    "one key",
  ],
  ["an empty name", () => allOf({ "": org }), RangeError, "name of a level", "1 to 64"],
  ["a timeout", () => allOf({ org }, { timeoutMs: 0 }), RangeError, "timeoutMs", "0"],
  ["a failure mode", () => allOf({ org }, { failureMode: "ajar" as Anything }), RangeError, "failureMode", '"ajar"'],
  ["an observer", () => allOf({ org }, { onEvent: "log" as Anything }), TypeError, "onEvent", '"log"'],
  ["waitUntil", () => allOf({ org }, { waitUntil: true as Anything }), TypeError, "waitUntil", "true"],
];

for (const [title, task, type, ...words] of making) {
  test(`making: ${title}`, () => {
    expect(task).toThrow(type);
    for (const word of words) expect(task).toThrow(word);
  });
}

const calling: Case[] = [
  ["text for a key", () => all.consume("acme" as Anything), TypeError, "key", '"acme"', '"org", "user"'],
  ["no key", () => all.peek(undefined as Anything), TypeError, "key", "undefined"],
  ["a Map", () => all.consume(new Map(Object.entries(KEYS)) as Anything), TypeError, "key", "object"],
  ["a missing level", () => all.consume({ org: "a" } as Anything), TypeError, "key", '"user"'],
  [
    "an unknown level",
    () => all.reset({ ...KEYS, team: "t" } as Anything),
    TypeError,
    "key",
    '"team"',
    '"org", "user"',
  ],
  ["an empty key", () => all.consume({ org: "acme", user: "" }), TypeError, '"user"', "key", '""'],
  ["a key that is a number", () => all.consume({ org: 5, user: "u" } as Anything), TypeError, '"org"', "key", "5"],
  ["a cost below 0", () => all.consume(KEYS, { cost: -1 }), RangeError, "cost", "-1"],
  ["one below 0", () => all.consume(KEYS, { cost: { user: -1 } }), RangeError, '"user"', "cost", "-1"],
  ["a cost in words", () => all.consume(KEYS, { cost: "3" as Anything }), TypeError, "cost", '"3"'],
  ["a cost in a Map", () => all.consume(KEYS, { cost: new Map() as Anything }), TypeError, "cost", "Map"],
  ["a cost of no level", () => all.consume(KEYS, { cost: { team: 1 } as Anything }), TypeError, "cost", '"team"'],
  ["an undefined cost", () => all.consume(KEYS, { cost: { user: undefined } as Anything }), TypeError, "cost.user"],
  ["no policy", () => all.consume(KEYS, { cost: { user: { x: 1 } } }), RangeError, '"user"', "cost", '"x"', "quota"],
  ["a limit of no level", () => all.peek(KEYS, { limit: { team: 1 } as Anything }), TypeError, "limit", '"team"'],
  ["half a limit", () => all.peek(KEYS, { limit: { org: 0.5 } }), RangeError, '"org"', "limit", "0.5"],
  ["no refund", () => all.refund(KEYS, undefined as Anything, { since: 5 as Anything }), TypeError, "since", "5"],
  ["a wait without a timeout", () => all.wait(KEYS, {} as Anything), TypeError, "timeoutMs"],
];

for (const [title, task, type, ...words] of calling) {
  test(`calling: ${title}`, async () => {
    const failure = await Promise.resolve()
      .then(task)
      .catch((error: unknown) => error as Error);
    expect(failure).toBeInstanceOf(type);
    for (const word of words) expect((failure as Error).message).toContain(word);
    expect(await all.peek(KEYS)).toMatchObject({ parts: { org: { remaining: 5 }, user: { remaining: 5 } } });
  });
}

test("options that are undefined or null have their defaults", async () => {
  const options = { timeoutMs: undefined, failureMode: undefined, onEvent: undefined, waitUntil: undefined };
  for (const given of [undefined, null, {}, options]) {
    const { consume } = allOf({ org, user }, given as AllOfOptions);
    expect(await consume(KEYS, null as Anything)).toMatchObject({ allowed: true });
    await all.reset(KEYS);
  }
});
