import { createLimiter, memoryStore, tokenBucket } from "sluice";
import { rateLimitOf, withRateLimit } from "sluice/fetch";
import { describe, expect, test } from "vitest";
import { fields, limiterOf } from "./setup.ts";

const request = (init?: RequestInit) => new Request("https://api.test/", init);

describe("withRateLimit", () => {
  test("lets pass what the policy allows and answers the rest with 429", async () => {
    const { clock, limiter } = limiterOf();
    const handler = withRateLimit(() => new Response("served"), { limiter, key: () => "k" });

    expect(fields(await handler(request()))).toEqual({
      "ratelimit-policy": '"pair";q=2;w=60',
      ratelimit: '"pair";r=1;t=20',
    });
    expect((await handler(request())).status).toBe(200);
    const denied = await handler(request());
    expect(denied.status).toBe(429);
    expect(fields(denied)).toEqual({
      "retry-after": "20",
      "ratelimit-policy": '"pair";q=2;w=60',
      ratelimit: '"pair";r=0;t=20',
    });
    clock.advance(20_000);
    expect((await handler(request())).status).toBe(200);
  });

  test("passes every argument on and makes its limiter from the second", async () => {
    const made: unknown[] = [];
    const handler = withRateLimit(
      (_request: Request, env: { LIMIT: number }, ctx: { id: string }) => Response.json([env, ctx]),
      {
        limiter: (env) => {
          made.push(env);
          return createLimiter({
            name: "test",
            store: memoryStore(),
            policies: [tokenBucket({ limit: env.LIMIT, window: "1 h" })],
          });
        },
        key: (_request, env) => `${env.LIMIT}`,
      },
    );
    expect(made).toEqual([]);
    const responses: Response[] = [];
    for (let i = 0; i < 3; i += 1) responses.push(await handler(request(), { LIMIT: 2 }, { id: `${i}` }));
    expect(responses.map(({ status }) => status)).toEqual([200, 200, 429]);
    expect(await responses[1]?.json()).toEqual([{ LIMIT: 2 }, { id: "1" }]);
    expect(made).toEqual([{ LIMIT: 2 }]);
  });

  test("tells the handler what was decided on its request", async () => {
    const { limiter } = limiterOf();
    const handler = withRateLimit((request: Request) => Response.json(rateLimitOf(request) ?? null), {
      limiter,
      key: () => "k",
      skip: async (request) => request.method === "OPTIONS",
    });
    expect(await (await handler(request())).json()).toMatchObject({ allowed: true, remaining: 1 });
    expect(await (await handler(request({ method: "OPTIONS" }))).json()).toBeNull();
  });

  test("skips without asking the store", async () => {
    const { limiter } = limiterOf();
    const asked: string[] = [];
    const watched = {
      ...limiter,
      consume: (...args: Parameters<typeof limiter.consume>) => asked.push(args[0]) as never,
    };
    for (const options of [{ skip: () => true }, { key: () => undefined }, { key: async () => null }]) {
      const response = await withRateLimit(() => new Response("served"), { limiter: watched, ...options })(request());
      expect([response.status, fields(response)]).toEqual([200, {}]);
    }
    expect(asked).toEqual([]);
  });

  test("middleware that returns nothing lets the request pass", async () => {
    const { limiter } = limiterOf();
    const middleware = withRateLimit((_request: Request) => undefined, { limiter, key: () => "k" });
    expect([await middleware(request()), await middleware(request())]).toEqual([undefined, undefined]);
    expect((await middleware(request()))?.status).toBe(429);
  });

  test("a handler that throws is its caller's to answer, and keeps what it cost", async () => {
    const { limiter } = limiterOf();
    const asked: Response[] = [];
    const handler = withRateLimit(
      () => {
        throw new Error("broken");
      },
      { limiter, key: () => "k", refundOn: (response) => asked.push(response) > 0 },
    );
    await expect(handler(request())).rejects.toThrow("broken");
    expect(asked).toEqual([]);
    expect(await limiter.peek("k")).toMatchObject({ remaining: 1 });
  });

  /** A platform's context, whose method needs its `this`. */
  function context() {
    return {
      tasks: [] as Promise<unknown>[],
      waitUntil(task: Promise<unknown>) {
        this.tasks.push(task);
      },
    };
  }

  test.each([
    ["Workers", (ctx: ReturnType<typeof context>) => [{ TOKEN: "t" }, ctx]],
    ["Vercel", (ctx: ReturnType<typeof context>) => [ctx]],
  ])("%s: refundOn runs behind the response", async (_name, rest) => {
    const { limiter } = limiterOf();
    const ctx = context();
    let refund = (_value: boolean) => {};
    const answer = new Promise<boolean>((resolve) => {
      refund = resolve;
    });
    const handler = withRateLimit((_request: Request, ..._rest: unknown[]) => new Response(), {
      limiter,
      key: () => "k",
      refundOn: () => answer,
    });
    expect((await handler(request(), ...rest(ctx))).status).toBe(200);
    expect(await limiter.peek("k")).toMatchObject({ remaining: 1 });
    refund(true);
    await Promise.all(ctx.tasks);
    expect(await limiter.peek("k")).toMatchObject({ remaining: 2 });
  });
});
