import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { createLimiter, inFlight, memoryStore, type WaitUntil } from "sluice";
import { withRateLimit } from "sluice/fetch";
import { rateLimit } from "sluice/hono";
import { describe, expect, test } from "vitest";
import { brokenStore, fields, passedClock } from "../setup.ts";

const HOLD_MS = 10_000;

function limiterOf(limit = 1, more: { failureMode?: "open" | "closed"; store?: typeof brokenStore } = {}) {
  const clock = passedClock();
  const policies = [inFlight({ name: "work", limit, hold: HOLD_MS })] as const;
  const store = more.store ?? memoryStore();
  const options = { name: "test", now: clock.now, failureMode: more.failureMode, store };
  const limiter = createLimiter({ ...options, policies: [policies[0]] });
  return { clock, limiter, free: async () => ((await limiter.peek("k")) as { remaining: number }).remaining };
}

/** A body that is fed by hand. */
function fed() {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const seen: { cancelled?: unknown } = {};
  const body = new ReadableStream<Uint8Array>({
    start(given) {
      controller = given;
    },
    cancel(reason) {
      seen.cancelled = reason;
    },
  });
  const feed = () => controller as ReadableStreamDefaultController<Uint8Array>;
  return { body, feed, seen };
}

const bytes = new TextEncoder().encode("chunk");

/** Both shapes before one handler, by name. */
const SHAPES: Record<
  string,
  (
    limiter: ReturnType<typeof limiterOf>["limiter"],
    handler: () => Response | Promise<Response>,
    waitUntil?: WaitUntil,
  ) => (request: Request) => Promise<Response>
> = {
  rateLimit: (limiter, handler, waitUntil) => {
    const app = new Hono().use(rateLimit({ limiter, key: () => "k" })).all("*", handler);
    app.onError((error) =>
      error instanceof HTTPException ? error.getResponse() : new Response("failed", { status: 500 }),
    );
    const context = waitUntil && { waitUntil, passThroughOnException: () => {}, props: {} };
    return async (request) => app.fetch(request, {}, context);
  },
  withRateLimit: (limiter, handler, waitUntil) => {
    const guarded = withRateLimit((_request: Request, _context?: unknown) => handler(), { limiter, key: () => "k" });
    return (request) => guarded(request, waitUntil && { waitUntil });
  },
};

describe.each(Object.entries(SHAPES))("%s", (_name, served) => {
  const get = (method = "GET") => new Request("http://app.test/", { method });

  test("holds until the body has ended, and tells the place in the fields", async () => {
    const { limiter, free } = limiterOf(2);
    const { body, feed } = fed();
    const response = await served(limiter, () => new Response(body, { status: 201, headers: { "X-Own": "1" } }))(get());
    expect([response.status, response.headers.get("X-Own")]).toEqual([201, "1"]);
    expect(fields(response)).toMatchObject({
      "ratelimit-policy": '"work";q=2;qu="concurrent-requests"',
      ratelimit: '"work";r=1;t=10',
    });
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    feed().enqueue(bytes);
    expect((await reader.read()).value).toEqual(bytes);
    expect(await free()).toBe(1);
    feed().close();
    expect((await reader.read()).done).toBe(true);
    expect(await free()).toBe(2);
  });

  test("denies with 429 while nothing is free, and asks the handler nothing", async () => {
    const { limiter, free } = limiterOf();
    let asked = 0;
    const handle = served(limiter, () => {
      asked += 1;
      return new Response("body");
    });
    const first = await handle(get());
    const denied = await handle(get());
    expect([denied.status, denied.headers.get("Retry-After"), asked]).toEqual([429, "10", 1]);
    await denied.text();
    expect(await free()).toBe(0);
    expect(await first.text()).toBe("body");
    expect((await handle(get())).status).toBe(200);
  });

  test("a client that leaves cancels the body at its source, and frees the place", async () => {
    const { limiter, free } = limiterOf();
    const { body, seen } = fed();
    const response = await served(limiter, () => new Response(body))(get());
    await response.body?.cancel("left");
    expect(seen.cancelled).toBe("left");
    expect(await free()).toBe(1);
  });

  test("a client whose leaving the request's signal tells frees the place, whatever becomes of the body", async () => {
    const { limiter, free } = limiterOf();
    const client = new AbortController();
    const request = new Request("http://app.test/", { signal: client.signal });
    await served(limiter, () => new Response(fed().body))(request);
    expect(await free()).toBe(0);
    client.abort();
    expect(await free()).toBe(1);
  });

  test("a body that fails frees the place and fails for the client", async () => {
    const { limiter, free } = limiterOf();
    const { body, feed } = fed();
    const response = await served(limiter, () => new Response(body))(get());
    feed().error(new Error("broken"));
    await expect(response.text()).rejects.toThrow("broken");
    expect(await free()).toBe(1);
  });

  test("a handler that throws frees the place", async () => {
    const { limiter, free } = limiterOf();
    const handle = served(limiter, () => {
      throw new Error("failed");
    });
    // Hono answers with a body of its own, which is held as any other.
    const answer = await handle(get()).catch(() => undefined);
    await answer?.text();
    expect(await free()).toBe(1);
  });

  test.each([
    ["an answer without a body", "GET", () => new Response(null, { status: 204 })],
    ["an answer to HEAD, whose body nobody reads", "HEAD", () => new Response("body")],
  ])("%s frees the place", async (_what, method, handler) => {
    const { limiter, free } = limiterOf();
    await served(limiter, handler)(get(method));
    expect(await free()).toBe(1);
  });

  test("a long body extends its hold as it flows, and a silent one loses it", async () => {
    const { limiter, free, clock } = limiterOf();
    const { body, feed } = fed();
    const response = await served(limiter, () => new Response(body))(get());
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    for (let i = 0; i < 10; i += 1) {
      clock.advance(HOLD_MS - 1);
      feed().enqueue(bytes);
      await reader.read();
      expect(await free()).toBe(0);
    }
    clock.advance(HOLD_MS);
    expect(await free()).toBe(1);
    feed().close();
    await reader.read();
    expect(await free()).toBe(1);
  });

  test("with waitUntil the body's end waits for nothing", async () => {
    const { limiter, free } = limiterOf();
    const tasks: Promise<unknown>[] = [];
    const response = await served(
      limiter,
      () => new Response("body"),
      (task) => tasks.push(task),
    )(get());
    await response.text();
    expect(tasks).toHaveLength(1);
    await Promise.all(tasks);
    expect(await free()).toBe(1);
  });

  test.each(["open", "closed"] as const)("failure mode %s", async (failureMode) => {
    const { limiter } = limiterOf(1, { failureMode, store: brokenStore });
    const response = await served(limiter, () => new Response("body"))(get());
    expect(response.status).toBe(failureMode === "open" ? 200 : 503);
    await response.text();
  });
});

test("dryRun holds and releases, and denies nobody", async () => {
  const { limiter, free } = limiterOf();
  const handle = withRateLimit(() => new Response("body"), { limiter, key: () => "k", dryRun: true });
  const [first, second] = [await handle(new Request("http://a.test")), await handle(new Request("http://a.test"))];
  expect([first.status, second.status, first.headers.has("RateLimit")]).toEqual([200, 200, false]);
  expect(await free()).toBe(0);
  await first.text();
  await second.text();
  expect(await free()).toBe(1);
});

test("a body that fails does so once its place is free, also with waitUntil: some runtimes end what runs behind a failed response", async () => {
  const memory = memoryStore();
  let answer = () => {};
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const order: string[] = [];
  const limiter = createLimiter({
    name: "test",
    store: {
      remote: true,
      clock: "limiter",
      async step(request) {
        const { delta = 0, ceiling = 0 } = request.demands[0] ?? {};
        if (delta <= 0 && ceiling >= 0) {
          order.push("released");
          await answered;
        }
        return memory.step(request);
      },
      reset: async (key) => memory.reset(key),
    },
    policies: [inFlight({ limit: 1, hold: HOLD_MS })],
  });
  const { body, feed } = fed();
  const hold = await limiter.hold("k", { waitUntil: () => {} });
  const reading = new Response(hold.through(body)).text().catch((error: Error) => order.push(error.message));
  feed().error(new Error("broken"));
  await new Promise((resolve) => setImmediate(resolve));
  expect(order).toEqual(["released"]);
  answer();
  await reading;
  expect(order).toEqual(["released", "broken"]);
});

test("through: a stream of one's own is held until it has ended", async () => {
  const { limiter, free } = limiterOf();
  const hold = await limiter.hold("k");
  const response = new Response(hold.through(new Response("abc").body as ReadableStream<Uint8Array>));
  expect(await free()).toBe(0);
  expect(await response.text()).toBe("abc");
  expect(await free()).toBe(1);
});
