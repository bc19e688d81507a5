import { readFileSync } from "node:fs";
import fc from "fast-check";
import {
  createLimiter,
  fixedWindow,
  type KnownDecision,
  memoryStore,
  type Policy,
  slidingLog,
  slidingWindow,
  type TokenBucketOptions,
  tokenBucket,
} from "sluice";
import { exposedHeaders, standardFields, withRateLimit } from "sluice/fetch";
import { parseDictionary, parseList } from "structured-headers";
import { describe, expect, test } from "vitest";
import { DIALECTS, type DialectName } from "./dialects.ts";
import { fields, limiterOf, passedClock } from "./setup.ts";

const request = () => new Request("https://api.test/");

interface Told {
  q?: number;
  w?: number;
  r?: number;
  t?: number;
}

/** A list of named items with their parameters, as a table by name. */
function items(field: string | null): Record<string, Told> {
  return Object.fromEntries(
    parseList(field ?? "").map(([name, parameters]) => {
      if (typeof name !== "string") throw new TypeError(`${name} is no String`);
      return [name, Object.fromEntries(parameters)];
    }),
  );
}

/** Responses of one client to `count` requests of one cost. */
async function responses(name: DialectName, policies: Policy[], count: number, cost = 1): Promise<Response[]> {
  const { limiter } = limiterOf(policies);
  const headers = DIALECTS[name];
  const handler = withRateLimit(() => new Response("served"), { limiter, key: () => "k", headers, cost });
  const all: Response[] = [];
  for (let i = 0; i < count; i += 1) all.push(await handler(request()));
  return all;
}

const last = async (...args: Parameters<typeof responses>) => (await responses(...args)).at(-1) as Response;

const burst = tokenBucket({ name: "burst", limit: 10, window: "1 s", burst: 20 });
const hourly = fixedWindow({ name: "hourly", limit: 1000, window: "1 h" });

describe("standard", () => {
  test("names every policy; a bucket is told by its burst and the time that refills it", async () => {
    const response = await last("standardFields", [burst, hourly], 3);
    expect(items(response.headers.get("RateLimit-Policy"))).toEqual({
      burst: { q: 20, w: 2 },
      hourly: { q: 1000, w: 3600 },
    });
    expect(items(response.headers.get("RateLimit"))).toMatchObject({ burst: { r: 17, t: 1 }, hourly: { r: 997 } });
  });

  test("names may hold quotes and backslashes", async () => {
    const name = String.raw`say "cheese\" ;r=5, "x`;
    const response = await last("standardFields", [fixedWindow({ name, limit: 5, window: "1 m" })], 1);
    expect(Object.keys(items(response.headers.get("RateLimit")))).toEqual([name]);
    expect(Object.keys(items(response.headers.get("RateLimit-Policy")))).toEqual([name]);
  });

  test("windows below a second are told as one second", async () => {
    const response = await last("standardFields", [fixedWindow({ name: "w", limit: 5, window: "250 ms" })], 1);
    expect(items(response.headers.get("RateLimit-Policy"))).toEqual({ w: { q: 5, w: 1 } });
  });

  test("a sliding window's t is no longer than its window", async () => {
    const response = await last("standardFields", [slidingWindow({ name: "w", limit: 5, window: "1 m" })], 1);
    expect(items(response.headers.get("RateLimit"))).toEqual({ w: { r: 4, t: 60 } });
  });

  test("numbers beyond the Integers of structured fields are told as the largest", () => {
    const headers = new Headers();
    const status = { policy: "p", limit: 2 ** 53 - 2, burst: 2 ** 53 - 2, remaining: 2 ** 53 - 2, windowMs: 1 };
    const decision = { allowed: true, retryAfterMs: 0, policies: [{ ...status, retryAfterMs: 0, resetAfterMs: 0 }] };
    standardFields.write(headers, decision as unknown as KnownDecision);
    expect(items(headers.get("RateLimit"))).toEqual({ p: { r: 999_999_999_999_999, t: 0 } });
    expect(items(headers.get("RateLimit-Policy"))).toEqual({ p: { q: 999_999_999_999_999, w: 1 } });
  });

  test("on a denial no t ends after Retry-After", async () => {
    const [, denied] = await responses(
      "standardFields",
      [tokenBucket({ name: "one", limit: 1, window: "5 s" }), hourly],
      2,
    );
    expect(denied?.headers.get("Retry-After")).toBe("5");
    expect(items((denied as Response).headers.get("RateLimit"))).toEqual({ one: { r: 0, t: 5 }, hourly: { r: 999 } });
  });

  test("a cost that can never pass has neither Retry-After nor t", async () => {
    const response = await last("standardFields", [tokenBucket({ name: "small", limit: 5, window: "1 s" })], 1, 6);
    expect(response.status).toBe(429);
    expect(response.headers.has("Retry-After")).toBe(false);
    expect(items(response.headers.get("RateLimit"))).toEqual({ small: { r: 5 } });
  });

  test("each limiter of a response adds its own policies", async () => {
    const { limiter: outer } = limiterOf([hourly]);
    const { limiter: inner } = limiterOf([burst]);
    const handler = withRateLimit(
      withRateLimit(() => new Response("served", { headers: { RateLimit: '"upstream";r=7' } }), {
        limiter: inner,
        key: () => "k",
      }),
      { limiter: outer, key: () => "k" },
    );
    const response = await handler(request());
    expect(items(response.headers.get("RateLimit"))).toMatchObject({
      upstream: { r: 7 },
      burst: { r: 19 },
      hourly: { r: 999 },
    });
    expect(Object.keys(items(response.headers.get("RateLimit-Policy")))).toEqual(["burst", "hourly"]);
  });
});

const anyPolicy = fc
  .record({
    make: fc.constantFrom<((options: TokenBucketOptions) => Policy)[]>(
      tokenBucket,
      slidingWindow,
      fixedWindow,
      slidingLog,
    ),
    limit: fc.integer({ min: 1, max: 50 }),
    window: fc.integer({ min: 1, max: 200_000 }),
    burst: fc.integer({ min: 1, max: 80 }),
  })
  .map(
    ({ make, ...options }) =>
      (name: string) =>
        make({ name, ...options }),
  );

const { algorithm: log } = slidingLog({ limit: 1, window: 1 });

const anyPolicies = fc
  .array(anyPolicy, { minLength: 1, maxLength: 3 })
  .map((policies) => policies.map((policy, i) => policy(`policy ${i}`)))
  .filter((policies) => policies.length === 1 || policies.every(({ algorithm }) => algorithm !== log));

describe("any policies and costs", () => {
  test("fields parse, r never exceeds q, and who waits for Retry-After passes", async () => {
    let denials = 0;
    const steps = fc.array(
      fc.record({ cost: fc.integer({ min: 1, max: 60 }), pauseMs: fc.integer({ min: 0, max: 5000 }) }),
      { minLength: 1, maxLength: 25 },
    );
    await fc.assert(
      fc.asyncProperty(anyPolicies, steps, async (policies, steps) => {
        const clock = passedClock();
        const limiter = createLimiter({ name: "test", store: memoryStore(), policies, now: clock.now });
        let cost = 1;
        const handler = withRateLimit(() => new Response("served"), { limiter, key: () => "k", cost: () => cost });
        for (const step of steps) {
          clock.advance(step.pauseMs);
          cost = step.cost;
          const { status, headers } = await handler(request());
          const told = items(headers.get("RateLimit"));
          const quotas = items(headers.get("RateLimit-Policy"));
          expect(Object.keys(told)).toEqual(policies.map(({ name }) => name));
          expect(Object.keys(quotas)).toEqual(Object.keys(told));
          for (const name of Object.keys(told)) {
            expect(told[name]?.r).toBeLessThanOrEqual(quotas[name]?.q as number);
          }
          if (status === 200) {
            for (const name of Object.keys(told)) expect(told[name]?.t).toBeLessThanOrEqual(quotas[name]?.w as number);
            continue;
          }
          denials += 1;
          const retryAfter = headers.get("Retry-After");
          expect(retryAfter === null).toBe(policies.some(({ burst }) => cost > burst));
          if (retryAfter === null) continue;
          expect(retryAfter).toMatch(/^[1-9]\d*$/);
          for (const { t } of Object.values(told)) expect(t ?? 0).toBeLessThanOrEqual(Number(retryAfter));
          clock.advance(Number(retryAfter) * 1000);
          expect((await handler(request())).status).toBe(200);
        }
      }),
      { numRuns: 150 },
    );
    expect(denials).toBeGreaterThan(100);
  });
});

describe("older dialects", () => {
  const daily = fixedWindow({ name: "daily", limit: 3, window: "1 d" });

  test("legacy tells the policy that binds, and seconds to wait", async () => {
    const [first, , , denied] = await responses("legacyFields", [tokenBucket({ limit: 3, window: "30 s" })], 4);
    expect(fields(first as Response)).toEqual({
      "x-ratelimit-limit": "3",
      "x-ratelimit-remaining": "2",
      "x-ratelimit-reset": "10",
    });
    expect(fields(denied as Response)).toEqual({
      "x-ratelimit-limit": "3",
      "x-ratelimit-remaining": "0",
      "x-ratelimit-reset": "10",
      "retry-after": "10",
    });
  });

  test("draft 6 has three fields of one policy, and all policies without names", async () => {
    const response = await last("draft6Fields", [burst, daily], 1);
    expect(fields(response)).toMatchObject({ "ratelimit-limit": "3", "ratelimit-remaining": "2" });
    expect(Number(response.headers.get("RateLimit-Reset"))).toBeGreaterThan(0);
    const policies = parseList(response.headers.get("RateLimit-Policy") as string);
    expect(policies.map(([quota, parameters]) => [quota, Object.fromEntries(parameters)])).toEqual([
      [20, { w: 2 }],
      [3, { w: 86_400 }],
    ]);
  });

  test("draft 7 has a dictionary of one policy", async () => {
    const response = await last("draft7Fields", [burst, daily], 1);
    const told = Object.fromEntries(parseDictionary(response.headers.get("RateLimit") as string));
    expect(told).toMatchObject({ limit: [3, new Map()], remaining: [2, new Map()] });
    expect(Object.keys(told)).toEqual(["limit", "remaining", "reset"]);
    expect(parseList(response.headers.get("RateLimit-Policy") as string)).toHaveLength(2);
  });

  test("a quota occurs once, as these drafts demand", async () => {
    const same = [
      fixedWindow({ name: "a", limit: 5, window: "1 s" }),
      fixedWindow({ name: "b", limit: 5, window: "1 m" }),
    ];
    expect((await last("draft7Fields", same, 1)).headers.get("RateLimit-Policy")).toBe("5;w=1");
  });

  test.each(["legacyFields", "draft6Fields", "draft7Fields"] as const)(
    "%s tells Retry-After's seconds on a denial",
    async (dialect) => {
      const response = await last(dialect, [tokenBucket({ limit: 1, window: "7 s" }), hourly], 2);
      const told = `${response.headers.get("RateLimit")} ${[...response.headers].filter(([name]) => name.endsWith("-reset"))}`;
      expect(told).toContain("7");
      expect(response.headers.get("Retry-After")).toBe("7");
    },
  );

  test.each(["legacyFields", "draft6Fields", "draft7Fields"] as const)(
    "%s tells the scarcest of several limiters",
    async (dialect) => {
      const quota = (limit: number) => limiterOf([fixedWindow({ limit, window: "1 m" })]).limiter;
      for (const limits of [
        [5, 9],
        [9, 5],
      ] as const) {
        const [inner, outer] = limits.map((limit) => ({
          limiter: quota(limit),
          key: () => "k",
          headers: DIALECTS[dialect],
        }));
        const handler = withRateLimit(
          withRateLimit(() => new Response(), inner as NonNullable<typeof inner>),
          outer as NonNullable<typeof outer>,
        );
        const { headers } = await handler(request());
        const told = headers.get("RateLimit") ?? headers.get("RateLimit-Limit") ?? headers.get("X-RateLimit-Limit");
        expect(told).toMatch(/^(limit=)?5\b/);
      }
    },
  );
});

describe("exposedHeaders", () => {
  test.each(Object.keys(DIALECTS) as DialectName[])("names all that %s sends", async (dialect) => {
    const response = await last(dialect, [tokenBucket({ limit: 1, window: "1 m" })], 2);
    const exposed = exposedHeaders(DIALECTS[dialect]).map((name) => name.toLowerCase());
    expect(Object.keys(fields(response)).sort()).toEqual(exposed.sort());
  });

  test("without fields there is Retry-After", () => {
    expect(exposedHeaders(false)).toEqual(["Retry-After"]);
    expect(exposedHeaders()).toEqual(exposedHeaders(standardFields));
  });
});

describe("docs/http.md", () => {
  const page = readFileSync(new URL("../../docs/http.md", import.meta.url), "utf8");
  const samples = [...page.matchAll(/^```http (\S+)\n(.+?)^```$/gms)].map(([, dialect, text]) => [dialect, text]);

  test.each(samples)("shows %s as it is sent", async (dialect, text) => {
    const { headers } = await last(dialect as DialectName, [burst, hourly], 3);
    const lines = (text as string).trim().split("\n");
    const sent = lines.map((line) => line.replace(/:.*/, "")).map((name) => `${name}: ${headers.get(name)}`);
    expect(sent).toEqual(lines);
  });

  test("has a sample of each", () => {
    expect(samples.map(([dialect]) => dialect)).toEqual(Object.keys(DIALECTS).filter((dialect) => dialect !== "both"));
  });
});
