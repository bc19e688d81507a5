import { type Context, Hono } from "hono";
import { hc } from "hono/client";
import {
  type AllOf,
  type AllOfDecision,
  allOf,
  anyOf,
  createLimiter,
  type Decision,
  fixedWindow,
  memoryStore,
} from "sluice";
import * as fetching from "sluice/fetch";
import { bearer, clientIp, compose, cookie, firstOf, hashed, header, path, rateLimit } from "sluice/hono";
import { describe, expectTypeOf, test } from "vitest";
import { limiterOf } from "./setup.ts";

const { limiter } = limiterOf();
const { limiter: other } = limiterOf(undefined, { name: "other" });

interface Env {
  Bindings: { TOKEN: string };
  Variables: { user: { id: string; plan: "free" | "paid" } };
}

describe("rateLimit", () => {
  test('c.get("rateLimit") is typed in every app', () => {
    new Hono().use(rateLimit({ limiter })).get("/", (c) => {
      expectTypeOf(c.get("rateLimit")).toEqualTypeOf<Decision | undefined>();
      expectTypeOf(c.var.rateLimit).toEqualTypeOf<Decision | undefined>();
      return c.text("");
    });
  });

  test("option functions know the app's environment", () => {
    new Hono<Env>().use(
      "/api/*",
      rateLimit<Env>({
        limiter: (c) => {
          expectTypeOf(c.env).toEqualTypeOf<{ TOKEN: string }>();
          return limiter;
        },
        key: (c) => {
          expectTypeOf(c.get("user").id).toEqualTypeOf<string>();
          return c.get("user").id;
        },
        cost: (c) => (c.get("user").plan === "free" ? 2 : { requests: 1 }),
        limit: async (c) => (c.get("user").plan === "paid" ? 1000 : undefined),
        skip: (c) => c.req.path === "/health",
        onDenied: (c, decision) => {
          expectTypeOf(decision).toEqualTypeOf<Decision>();
          return c.json({ wait: decision.retryAfterMs }, 429);
        },
        refundOn: (response, c) => response.ok && c.env.TOKEN !== "",
      }),
    );
  });

  test("without their types stated they take the bindings for granted, and know no variables but ours", () => {
    new Hono<Env>().use(rateLimit({ limiter: (c) => (c.env.TOKEN ? limiter : limiter) }));
    new Hono<Env>().use(rateLimit({ limiter, key: (c: Context<Env>) => c.get("user").id }));
    rateLimit({ limiter, onDenied: (c) => c.json(c.get("rateLimit")?.policy ?? null, 429) });
    // @ts-expect-error nobody has said that there is a user
    rateLimit({ limiter, key: (c) => c.get("user").id });
  });

  test("option functions may return nothing where that has a meaning", () => {
    rateLimit({ limiter, key: () => undefined, onDenied: () => {} });
    rateLimit({ limiter, key: async () => null, onDenied: async () => undefined });
  });

  test("a limit of its own name is typed in the handlers behind it", () => {
    new Hono<Env>().use(rateLimit({ limiter, variable: "login" })).post("/login", (c) => {
      expectTypeOf(c.get("login")).toEqualTypeOf<Decision | undefined>();
      expectTypeOf(c.get("user").id).toEqualTypeOf<string>();
      return c.text("");
    });
    new Hono().post("/login", rateLimit({ limiter, variable: "login" }), (c) => {
      expectTypeOf(c.get("login")).toEqualTypeOf<Decision | undefined>();
      return c.text("");
    });
  });

  test("a limit of its own name fits where the environment is stated", () => {
    type Own = { Variables: { user: { id: string }; rl2: Decision | undefined } };
    const limited = rateLimit<Own>({ limiter, variable: "rl2", key: (c) => c.get("user").id });
    new Hono<Own>().use(limited).get("/", (c) => {
      expectTypeOf(c.get("rl2")).toEqualTypeOf<Decision | undefined>();
      expectTypeOf(c.get("user")).toEqualTypeOf<{ id: string }>();
      expectTypeOf(c.get("rateLimit")).toEqualTypeOf<Decision | undefined>();
      // @ts-expect-error nobody has said that there is such a variable
      c.get("rl3");
      return c.text("");
    });
    new Hono<Env>().use(rateLimit<Env>({ limiter, variable: "rl2" })).get("/", (c) => {
      // @ts-expect-error the app's environment says nothing of it
      c.get("rl2");
      expectTypeOf(c.env).toEqualTypeOf<{ TOKEN: string }>();
      return c.text("");
    });
  });

  test("a variable that nobody knows is an error behind every form of it", () => {
    const unknown = "unknown" as const;
    new Hono().use(rateLimit({ limiter })).get("/", (c) => {
      // @ts-expect-error
      c.get(unknown);
      return c.text("");
    });
    new Hono().get("/", rateLimit({ limiter, variable: "login" }), (c) => {
      // @ts-expect-error
      c.get(unknown);
      return c.text("");
    });
    new Hono<Env>().use(rateLimit<Env>({ limiter })).get("/", (c) => {
      // @ts-expect-error
      c.get(unknown);
      return c.text("");
    });
    new Hono().use(rateLimit({ limiter, variable: "login" as string })).get("/", (c) => {
      // @ts-expect-error
      c.get(unknown);
      return c.text("");
    });
  });

  test("key helpers fit in any app", () => {
    rateLimit({ limiter, key: clientIp });
    rateLimit({ limiter, key: bearer() });
    new Hono<Env>()
      .use(rateLimit({ limiter, key: compose(clientIp, path()) }))
      .use(rateLimit({ limiter, key: firstOf(header("x-api-key"), hashed(cookie("session")), clientIp) }))
      .use(rateLimit({ limiter, key: (c) => header("x-api-key")(c) ?? clientIp(c, { trust: 1 }) }));
    expectTypeOf(compose(clientIp, path())).returns.toEqualTypeOf<Promise<string | undefined>>();
  });

  test("clients of Hono's RPC see the handlers' types", () => {
    const app = new Hono()
      .use(rateLimit({ limiter }))
      .get("/items/:id", rateLimit({ limiter, variable: "items" }), (c) => c.json({ id: c.req.param("id"), left: 3 }));
    const client = hc<typeof app>("https://api.test");
    const response = () => client.items[":id"].$get({ param: { id: "1" } });
    expectTypeOf<Awaited<ReturnType<Awaited<ReturnType<typeof response>>["json"]>>>().toEqualTypeOf<{
      id: string;
      left: number;
    }>();
  });

  test("mistakes are errors", () => {
    const refused = () => {
      // @ts-expect-error a limiter is needed
      rateLimit({ key: clientIp });
      // @ts-expect-error no such dialect
      rateLimit({ limiter, headers: "legacy" });
      // @ts-expect-error keys are text
      rateLimit({ limiter, key: () => 5 });
      // @ts-expect-error costs are numbers
      rateLimit({ limiter, cost: "5" });
    };
    expectTypeOf(refused).toBeFunction();
  });
});

describe("withRateLimit", () => {
  interface WorkerEnv {
    TOKEN: string;
  }
  interface Ctx {
    waitUntil(task: Promise<unknown>): void;
  }

  test("keeps the handler's arguments; option functions get the first two", () => {
    const handler = fetching.withRateLimit(
      async (_request: Request, env: WorkerEnv, _ctx: Ctx) => new Response(env.TOKEN),
      {
        limiter: (env) => {
          expectTypeOf(env).toEqualTypeOf<WorkerEnv>();
          return limiter;
        },
        key: (request, env) => {
          expectTypeOf(request).toEqualTypeOf<Request>();
          expectTypeOf(env).toEqualTypeOf<WorkerEnv>();
          return fetching.clientIp(request, env, { ipv6Subnet: 56 });
        },
        onDenied: (_request, decision, env) => {
          expectTypeOf(decision).toEqualTypeOf<Decision>();
          return Response.json(env.TOKEN, { status: 429 });
        },
        refundOn: (response, request, env) => response.ok && request.method === "POST" && env.TOKEN !== "",
      },
    );
    expectTypeOf(handler).parameters.toEqualTypeOf<[request: Request, env: WorkerEnv, ctx: Ctx]>();
    expectTypeOf(handler).returns.toEqualTypeOf<Promise<Response>>();
  });

  test("a handler without further arguments, and one that may return nothing", () => {
    const plain = fetching.withRateLimit(() => new Response(), { limiter, key: (request) => request.url });
    expectTypeOf(plain).toBeCallableWith(new Request("https://api.test"));
    const middleware = fetching.withRateLimit((_request: Request, _event: Ctx) => undefined, { limiter });
    expectTypeOf(middleware).returns.toEqualTypeOf<Promise<Response | undefined>>();
  });

  test("key helpers fit", () => {
    const handler = (_request: Request, _env: WorkerEnv) => new Response();
    fetching.withRateLimit(handler, { limiter, key: fetching.clientIp });
    fetching.withRateLimit(handler, { limiter, key: fetching.compose(fetching.clientIp, fetching.path()) });
    fetching.withRateLimit(handler, { limiter, key: fetching.firstOf(fetching.bearer(), fetching.clientIp) });
    fetching.withRateLimit(handler, {
      limiter,
      key: fetching.compose((request: Request, env: WorkerEnv) => request.method + env.TOKEN, fetching.path()),
    });
  });
});

describe("several limiters as one", () => {
  const store = memoryStore();
  const policies = [fixedWindow({ name: "requests", limit: 2, window: "1 m" })];
  const levels = allOf({
    org: createLimiter({ name: "org", store, policies }),
    user: createLimiter({ name: "user", store, policies }),
  });

  test("rateLimit: keys, costs and limits are records of its levels, and the decision tells the one that binds", () => {
    rateLimit({
      limiter: levels,
      key: (c) => ({ org: c.req.param("org") ?? "none", user: "ada" }),
      cost: { org: 1, user: { requests: 2 } },
      limit: (c) => (c.req.path === "/" ? { user: 5 } : undefined),
      onDenied: (c, decision) => {
        expectTypeOf(decision.level).toEqualTypeOf<"org" | "user">();
        return c.text(decision.level);
      },
    });
    rateLimit({ limiter: () => levels, key: async () => null });
    new Hono().use(rateLimit({ limiter: levels, key: () => undefined, variable: "limits" })).get("/", (c) => {
      expectTypeOf(c.get("limits")).toEqualTypeOf<AllOfDecision<"org" | "user"> | undefined>();
      return c.text("");
    });
    rateLimit<Env, string, AllOf<"org" | "user">>({
      limiter: (c) => (c.env.TOKEN ? levels : levels),
      key: (c) => ({ org: "acme", user: c.get("user").id }),
    });
  });

  test("rateLimit: wrong names don't compile", () => {
    // @ts-expect-error a level is missing
    rateLimit({ limiter: levels, key: () => ({ org: "acme" }) });
    // @ts-expect-error no such level
    rateLimit({ limiter: levels, key: () => ({ org: "acme", usr: "ada" }) });
    // @ts-expect-error no record
    rateLimit({ limiter: levels, key: () => "acme" });
    // @ts-expect-error no such level
    rateLimit({ limiter: levels, key: () => null, cost: { team: 1 } });
    // @ts-expect-error only keys that are text have a default
    rateLimit({ limiter: levels });
    // @ts-expect-error a limiter alone has keys that are text
    rateLimit({ limiter: other, key: () => ({ org: "acme", user: "ada" }) });
    // @ts-expect-error the type of what is no plain limiter is to be stated, too
    rateLimit<Env>({ limiter: levels, key: () => ({ org: "acme", user: "ada" }) });
  });

  test("anyOf: text for all, or records where a member has levels", () => {
    const credits = createLimiter({ name: "credits", store, policies });
    rateLimit({ limiter: anyOf([other, credits]) });
    rateLimit({
      limiter: anyOf([levels, credits]),
      key: (c) => ({ org: "acme", user: c.req.path, credits: "acme" }),
      cost: { org: 1, user: 1, credits: 5 },
      onDenied: (c, decision) => {
        expectTypeOf(decision.member).toEqualTypeOf<number>();
        return c.text("");
      },
    });
    const limits = anyOf([levels, credits]);
    // @ts-expect-error a member has levels
    rateLimit({ limiter: limits, key: () => "acme" });
    const key = () => ({ org: "acme", user: "ada" });
    // @ts-expect-error the credits' key is missing
    fetching.withRateLimit(() => new Response(), { limiter: limits, key });
  });

  test("withRateLimit: the same", () => {
    const handler = (_request: Request, _env: { TOKEN: string }) => new Response();
    fetching.withRateLimit(handler, {
      limiter: levels,
      key: (request, env) => ({ org: request.url, user: env.TOKEN }),
      cost: { org: 1, user: { requests: 2 } },
      onDenied: (_request, decision) => new Response(decision.level),
    });
    // @ts-expect-error a level is missing
    fetching.withRateLimit(handler, { limiter: levels, key: () => ({ org: "acme" }) });
    // @ts-expect-error no such level
    fetching.withRateLimit(handler, { limiter: () => levels, key: () => ({ org: "acme", usr: "ada" }) });
    // @ts-expect-error only keys that are text have a default
    fetching.withRateLimit(handler, { limiter: levels });
  });
});
