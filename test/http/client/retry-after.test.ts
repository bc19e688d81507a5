import { createLimiter, fixedWindow, memoryStore, slidingWindow, tokenBucket } from "sluice";
import { retryAfterOf } from "sluice/client";
import { draft6Fields, draft7Fields, fieldsOf, legacyFields, standardFields, withRateLimit } from "sluice/fetch";
import { describe, expect, test } from "vitest";
import { DIALECTS, type DialectName } from "../dialects.ts";
import { brokenStore, limiterOf, passedClock } from "../setup.ts";

const NOW = Date.UTC(2026, 4, 1, 12);

const response = (status: number, headers: Record<string, string>, body?: BodyInit) =>
  new Response(body ?? null, { status, headers });

/** Without what says it outright. */
function only(response: Response, dialect: keyof typeof DIALECTS): Response {
  const headers = new Headers(response.headers);
  headers.delete("Retry-After");
  expect(
    [...headers.keys()].some((name) => name.includes("ratelimit")),
    dialect,
  ).toBe(true);
  return new Response(null, { status: response.status, headers });
}

describe("retryAfterOf", () => {
  describe.each(Object.keys(DIALECTS) as DialectName[])("what Sluice sends in %s", (name) => {
    const policies = [
      tokenBucket({ name: 'odd "name", r=0;t=9;', limit: 1, window: "5 s", burst: 2 }),
      fixedWindow({ name: "hourly", limit: 1000, window: "1 h" }),
    ];
    const handled = () => {
      const { limiter, clock } = limiterOf(policies);
      const handler = withRateLimit(() => new Response("served"), { limiter, key: () => "k", headers: DIALECTS[name] });
      return { clock, ask: () => handler(new Request("https://api.test/")) };
    };

    test("a denial tells its wait, with and without Retry-After", async () => {
      const { ask, clock } = handled();
      await ask();
      await ask();
      const denied = await ask();
      expect(await retryAfterOf(denied)).toBe(5000);
      expect(await retryAfterOf(only(denied, name))).toBe(5000);
      clock.advance(5000);
      expect((await ask()).status).toBe(200);
    });

    test("nothing is to wait for while something is left, and the last unit tells when there is more", async () => {
      const { ask } = handled();
      expect(await retryAfterOf(await ask())).toBe(0);
      expect(await retryAfterOf(await ask())).toBe(10_000);
    });
  });

  test("a cost that can never pass tells nothing", async () => {
    const { limiter } = limiterOf([slidingWindow({ limit: 2, window: "1 m" })]);
    const handler = withRateLimit(() => new Response("served"), { limiter, key: () => "k", cost: 3 });
    expect(await retryAfterOf(await handler(new Request("https://api.test/")))).toBeUndefined();
  });

  test("Retry-After wins over everything: seconds, or a date by the server's own clock", async () => {
    const more = { RateLimit: '"a";r=0;t=99' };
    expect(await retryAfterOf(response(429, { "Retry-After": "7", ...more }), NOW)).toBe(7000);
    expect(await retryAfterOf(response(503, { "Retry-After": "0", ...more }), NOW)).toBe(0);
    const date = (ms: number) => new Date(ms).toUTCString();
    expect(await retryAfterOf(response(429, { "Retry-After": date(NOW + 7000) }), NOW)).toBe(7000);
    expect(await retryAfterOf(response(429, { "Retry-After": date(NOW - 7000) }), NOW)).toBe(0);
    const skewed = { "Retry-After": date(NOW + 607_000), Date: date(NOW + 600_000) };
    expect(await retryAfterOf(response(429, skewed), NOW)).toBe(7000);
    expect(await retryAfterOf(response(429, { "Retry-After": "soon", ...more }), NOW)).toBe(99_000);
  });

  test.each([
    ["seconds to wait", "30"],
    ["seconds since the epoch", `${NOW / 1000 + 30}`],
    ["ms since the epoch", `${NOW + 30_000}`],
  ])("X-RateLimit-Reset may be %s", async (_, reset) => {
    const headers = { "X-RateLimit-Limit": "5", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset };
    expect(await retryAfterOf(response(429, headers), NOW)).toBe(30_000);
  });

  test("of several quotas that are used up the longest counts, and no text in a field is taken for a number", async () => {
    const fields = String.raw`"r=0;t=50, \"";r=0;t=3;note="r=0;t=60", "b";r=1;t=80;pk=:cHsdsRa894==:, "c";t=4;r=0`;
    expect(await retryAfterOf(response(429, { RateLimit: fields }))).toBe(4000);
  });

  test.each(['"a";r=;t=9', "a=;b", '"a";r=-1;t=9', "limit=5, remaining=, reset=9", ","])(
    "the malformed field %s is ignored",
    async (RateLimit) => {
      expect(await retryAfterOf(response(429, { RateLimit }))).toBeUndefined();
      expect(await retryAfterOf(response(200, { RateLimit }))).toBe(0);
    },
  );

  describe("where a script of another origin sees no fields", () => {
    const unseen = async (seen: Response) =>
      response(seen.status, { "Content-Type": seen.headers.get("Content-Type") ?? "" }, await seen.text());

    test("the problem document tells, and stays readable", async () => {
      const { limiter } = limiterOf([fixedWindow({ name: "a", limit: 1, window: "1 d" })]);
      const handler = withRateLimit(() => new Response("served"), { limiter, key: () => "k" });
      await handler(new Request("https://api.test/"));
      const fields = await handler(new Request("https://api.test/"));
      const denied = await unseen(fields);
      expect(await retryAfterOf(denied)).toBe(Number(fields.headers.get("Retry-After")) * 1000);
      expect(await denied.json()).toMatchObject({ status: 429 });
    });

    test("so it does where the store could not be asked", async () => {
      const { limiter } = limiterOf(undefined, { store: brokenStore, failureMode: "closed" });
      const handler = withRateLimit(() => new Response("served"), { limiter, key: () => "k" });
      expect(await retryAfterOf(await unseen(await handler(new Request("https://api.test/"))))).toBeGreaterThan(0);
    });

    test("a decision as JSON tells to the millisecond", async () => {
      const { now } = passedClock();
      const policies = [tokenBucket({ limit: 3, window: "1 s" })];
      const limiter = createLimiter({ name: "test", store: memoryStore(), policies, now });
      const told = async (cost: number) => Response.json(await limiter.consume("k", { cost }), { status: 429 });
      await told(3);
      expect(await retryAfterOf(await told(1))).toBe(334);
      expect(await retryAfterOf(await told(4))).toBeUndefined();
    });

    test.each(["null", "[]", "{", '{"retry-after":"x"}', '{"retryAfterMs":-1}'])("%s tells nothing", async (body) => {
      expect(await retryAfterOf(response(429, { "Content-Type": "application/problem+json" }, body))).toBeUndefined();
    });
  });

  test("each dialect is one that Sluice writes", async () => {
    const { limiter } = limiterOf();
    const decision = await limiter.consume("k");
    for (const dialect of [standardFields, legacyFields, draft6Fields, draft7Fields]) {
      expect(await retryAfterOf(new Response(null, { headers: fieldsOf(decision, dialect) }))).toBe(0);
    }
  });
});
