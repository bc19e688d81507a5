import { fixedWindow, type KnownDecision, tokenBucket } from "sluice";
import * as fetching from "sluice/fetch";
import * as hono from "sluice/hono";
import { describe, expect, test } from "vitest";
import { DIALECTS } from "./dialects.ts";
import { brokenStore, fields, limiterOf } from "./setup.ts";

const { fieldsOf, withRateLimit } = fetching;

test("is exported for Hono's handlers, too", () => {
  expect(hono.fieldsOf).toBe(fieldsOf);
});

describe.each(Object.entries({ ...DIALECTS, none: false as const }))("fieldsOf, %s", (_name, headers) => {
  test("gives what the middleware sends, allowed and denied", async () => {
    const policies = [
      tokenBucket({ name: "burst", limit: 1, window: "1 s", burst: 2 }),
      fixedWindow({ name: "hourly", limit: 9, window: "1 h" }),
    ];
    const { limiter } = limiterOf(policies);
    const decisions: KnownDecision[] = [];
    const watched = {
      ...limiter,
      consume: async (...args: Parameters<typeof limiter.consume>) => {
        const decision = await limiter.consume(...args);
        decisions.push(decision as KnownDecision);
        return decision;
      },
    };
    const handler = withRateLimit(() => new Response("served"), { limiter: watched, key: () => "k", headers });
    for (let i = 0; i < 3; i += 1) {
      const sent = fields(await handler(new Request("https://api.test/")));
      expect(fieldsOf(decisions[i] as KnownDecision, headers)).toStrictEqual(sent);
    }
    expect(decisions.map(({ allowed }) => allowed)).toEqual([true, true, false]);
  });
});

test("the standard dialect is the default", async () => {
  const { limiter } = limiterOf();
  await limiter.consume("k", { cost: 2 });
  const denied = await limiter.consume("k");
  expect(fieldsOf(denied)).toEqual({
    "retry-after": "20",
    "ratelimit-policy": '"pair";q=2;w=60',
    ratelimit: '"pair";r=0;t=20',
  });
});

test.each([
  ["open", {}],
  ["closed", { "retry-after": "1" }],
] as const)("failure mode %s without a store: nobody knows the counts", async (failureMode, expected) => {
  const { limiter } = limiterOf(undefined, { store: brokenStore, failureMode });
  expect(fieldsOf(await limiter.consume("k"), DIALECTS.both)).toEqual(expected);
});

test("a cost that never passes has no Retry-After", async () => {
  const { limiter } = limiterOf();
  expect(fieldsOf(await limiter.consume("k", { cost: 3 }), false)).toEqual({});
});

test("no such dialect", async () => {
  const { limiter } = limiterOf();
  const decision = await limiter.consume("k");
  expect(() => fieldsOf(decision, "legacy" as never)).toThrow(
    'dialects must be standardFields or its like, or false, not "legacy"',
  );
  expect(() => hono.exposedHeaders([null] as never)).toThrow(
    "dialects must be standardFields or its like, or false, not null",
  );
});
