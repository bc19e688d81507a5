import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { type Decision, type FailureMode, fixedWindow, type Limiter } from "sluice";
import { legacyFields, rateLimitOf, standardFields, withRateLimit } from "sluice/fetch";
import { rateLimit } from "sluice/hono";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { RateLimitOptions } from "../../src/http/options.ts";
import { fields, limiterOf } from "./setup.ts";

type Options = RateLimitOptions<unknown, [], unknown>;

/** Both shapes: what a request gets, and which decision its handler saw. */
const shapes: Record<
  string,
  (options: Options, seen: (decision: Decision | undefined) => void) => () => Promise<Response>
> = {
  rateLimit: (options, seen) => {
    const app = new Hono()
      .use(rateLimit({ key: () => "k", ...options }))
      .get("/", (c) => {
        seen(c.get("rateLimit"));
        return c.text("served");
      })
      .onError((error) => {
        throw error;
      });
    return async () => app.request("/");
  },
  withRateLimit: (options, seen) => {
    const handler = (request: Request) => {
      seen(rateLimitOf(request));
      return new Response("served");
    };
    const limited = withRateLimit(handler, { key: () => "k", ...options });
    return () => limited(new Request("https://api.test/"));
  },
};

afterEach(() => vi.restoreAllMocks());

describe.each(Object.entries(shapes))("%s", (_name, shape) => {
  const down = new Error("the database of plans is down");
  const fails = {
    throws: (): never => {
      throw down;
    },
    rejects: (): Promise<never> => Promise.reject(down),
  };
  const options = ["key", "cost", "limit", "skip"] as const;
  const each = options.flatMap((option) => (["throws", "rejects"] as const).map((way) => [option, way] as const));

  /** What a request gets; and what onError was told and the handler saw. */
  async function asked(given: Options) {
    const told: unknown[][] = [];
    const seen: (Decision | undefined)[] = [];
    const request = shape({ onError: (error, subject) => void told.push([error, subject]), ...given }, (decision) =>
      seen.push(decision),
    );
    const response = await request();
    return { response, told, seen };
  }

  const on = (failureMode: FailureMode) => limiterOf(undefined, { failureMode });

  describe.each(each)("%s that %s", (option, way) => {
    test.each(["open", "memory"] as const)(
      "lets the request pass in failure mode %s, uncounted",
      async (failureMode) => {
        const { limiter } = on(failureMode);
        const { response, told, seen } = await asked({ limiter, [option]: fails[way] });
        expect([response.status, await response.text(), fields(response)]).toEqual([200, "served", {}]);
        expect(told).toEqual([[down, expect.anything()]]);
        expect(seen).toEqual([undefined]);
        expect(await limiter.peek("k")).toMatchObject({ remaining: 2 });
      },
    );

    test("is answered by 503 in failure mode closed", async () => {
      const { response, told, seen } = await asked({ limiter: on("closed").limiter, [option]: fails[way] });
      expect([response.status, fields(response)]).toEqual([503, { "retry-after": "1" }]);
      expect(response.headers.get("Content-Type")).toBe("application/problem+json");
      expect(await response.json()).toEqual({
        type: "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity",
        title: "Temporary Reduced Capacity",
        status: 503,
        detail: "Try again in 1 s.",
        "retry-after": 1,
      });
      expect([told.length, seen]).toEqual([1, []]);
    });
  });

  test("a limiter that can't be made has no failure mode: unless onError answers, the error is the app's", async () => {
    const { limiter } = on("open");
    const missing = new TypeError("url must be an http or https URL, not undefined");
    let broken = true;
    let answer: Response | undefined;
    const make = (): Limiter => {
      if (broken) throw missing;
      return limiter;
    };
    const told: unknown[] = [];
    const onError = (error: unknown) => {
      told.push(error);
      return answer;
    };
    const request = shape({ limiter: make, onError }, () => {});
    await expect(request()).rejects.toBe(missing);
    answer = new Response("soon", { status: 503 });
    expect((await request()).status).toBe(503);
    expect(told).toEqual([missing, missing]);
    broken = false;
    expect((await request()).status).toBe(200);
    expect(told).toHaveLength(2);
  });

  test("a limiter that was not made yet is made to know its failure mode", async () => {
    const { response } = await asked({ limiter: () => on("closed").limiter, key: () => fails.throws() });
    expect(response.status).toBe(503);
  });

  test("onError may answer, at once or later, whatever the failure mode", async () => {
    for (const onError of [
      () => new Response("no", { status: 418 }),
      async () => new Response("no", { status: 418 }),
    ]) {
      for (const failureMode of ["open", "closed"] as const) {
        const { response, seen } = await asked({
          limiter: on(failureMode).limiter,
          key: fails.rejects,
          onError,
        });
        expect([response.status, seen]).toEqual([418, []]);
      }
    }
  });

  test("what onError throws is the app's to answer", async () => {
    const onError = (error: unknown) => {
      throw error;
    };
    await expect(asked({ limiter: on("open").limiter, key: fails.throws, onError })).rejects.toBe(down);
  });

  test("without onError the error is told on the console", async () => {
    const logged = vi.spyOn(console, "error").mockImplementation(() => {});
    await shape({ limiter: on("open").limiter, limit: fails.rejects }, () => {})();
    expect(logged.mock.calls).toEqual([[down]]);
  });

  test("dryRun denies nobody, but tells", async () => {
    const options = { limiter: on("closed").limiter, key: fails.throws, dryRun: true };
    for (const given of [{}, { onError: () => new Response("no", { status: 418 }) }]) {
      expect((await asked({ ...options, ...given })).response.status).toBe(200);
    }
    expect((await asked(options)).told).toHaveLength(1);
  });

  test("an error with an answer of its own, as Hono's HTTPException, is the app's", async () => {
    const told: unknown[] = [];
    const key = () => {
      throw new HTTPException(401);
    };
    const request = asked({ limiter: on("open").limiter, key, onError: (error) => void told.push(error) });
    await expect(request).rejects.toBeInstanceOf(HTTPException);
    expect(told).toEqual([]);
  });

  test("a value that is not allowed is a mistake and no outage: nobody passes by it, and onError is not asked", async () => {
    for (const wrong of [{ cost: () => Number.NaN }, { limit: () => -1 }, { key: () => 5 }]) {
      const told: unknown[] = [];
      const request = asked({ limiter: on("open").limiter, ...wrong, onError: (e) => void told.push(e) } as Options);
      await expect(request).rejects.toThrow(/must be/);
      expect(told).toEqual([]);
    }
  });

  test("a refundOn that fails gives nothing back, and the response stands", async () => {
    const { limiter } = on("open");
    const { response, told } = await asked({ limiter, refundOn: () => Promise.reject(down) });
    expect([response.status, await response.text()]).toEqual([200, "served"]);
    expect(told).toEqual([[down, expect.anything()]]);
    expect(await limiter.peek("k")).toMatchObject({ remaining: 1 });
  });

  describe("a limit", () => {
    const plans = () =>
      limiterOf([
        fixedWindow({ name: "requests", limit: 2, window: "1 m" }),
        fixedWindow({ name: "daily", limit: 5, window: "1 d" }),
      ]).limiter;

    test("of 0 blocks: 429 without a promise, and onDenied may answer", async () => {
      const limiter = plans();
      const { response } = await asked({ limiter, limit: () => 0 });
      expect([response.status, fields(response)]).toEqual([
        429,
        {
          "ratelimit-policy": '"requests";q=0;w=60, "daily";q=0;w=86400',
          ratelimit: '"requests";r=0, "daily";r=0',
        },
      ]);
      expect(await response.json()).toMatchObject({
        status: 429,
        detail: "Waiting does not help.",
        "violated-policies": ["requests", "daily"],
      });
      const own = await asked({ limiter, limit: { daily: 0 }, onDenied: (_s, { policy }) => new Response(policy) });
      expect(await own.response.text()).toBe("daily");
      expect(await limiter.peek("k")).toMatchObject({ remaining: 2 });
    });

    test("of Infinity is none: no field, nothing counted", async () => {
      const limiter = plans();
      for (let i = 0; i < 3; i += 1) {
        const { response, seen } = await asked({
          limiter,
          limit: () => Infinity,
          headers: [standardFields, legacyFields],
        });
        expect([response.status, fields(response)]).toEqual([200, {}]);
        expect(seen).toMatchObject([{ allowed: true, limit: Infinity }]);
      }
      expect(await limiter.peek("k")).toMatchObject({ remaining: 2 });
    });

    test.each([
      [standardFields, { "ratelimit-policy": '"requests";q=2;w=60', ratelimit: '"requests";r=1;t=20' }],
      [legacyFields, { "x-ratelimit-limit": "2", "x-ratelimit-remaining": "1", "x-ratelimit-reset": "20" }],
    ] as const)("of Infinity for one policy leaves the others' fields: %o", async (headers, expected) => {
      const { response } = await asked({ limiter: plans(), limit: { daily: Infinity }, headers });
      expect([response.status, fields(response)]).toEqual([200, expected]);
    });

    test("of Infinity for one policy, where nothing else costs anything", async () => {
      const { response } = await asked({
        limiter: plans(),
        limit: { requests: Infinity },
        cost: 0,
        headers: legacyFields,
      });
      expect(response.headers.get("X-RateLimit-Limit")).toBe("5");
    });
  });
});
