import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Hono } from "hono";
import {
  type AllOfHolding,
  allOf,
  createLimiter,
  fixedWindow,
  inFlight,
  memoryStore,
  type Store,
  StoreError,
} from "sluice";
import { withRateLimit } from "sluice/fetch";
import { rateLimit } from "sluice/hono";
import { rateLimit as nodeRateLimit } from "sluice/node";
import { describe, expect, onTestFinished, test } from "vitest";
import { brokenStore, fields, passedClock } from "../setup.ts";

const HOLD_MS = 10_000;
const KEY = { jobs: "acme", user: "ada" };

function limitsOf(places = 1, store: Store = memoryStore()) {
  const clock = passedClock();
  const jobs = createLimiter({
    ...{ name: "jobs", store, now: clock.now },
    policies: [inFlight({ name: "work", limit: places, hold: HOLD_MS })],
  });
  const user = createLimiter({
    ...{ name: "user", store, now: clock.now },
    policies: [fixedWindow({ name: "calls", limit: 5, window: "1 d" })],
  });
  const left = async () => {
    const [work, calls] = [await jobs.peek("acme"), await user.peek("ada")];
    return [work, calls].map((decision) => (decision as { remaining: number }).remaining);
  };
  return { clock, left, limiter: allOf({ jobs, user }) };
}

type Options = { readonly refundOn?: (response: Response) => boolean };
type Serve = (
  limiter: AllOfHolding<"jobs" | "user">,
  handler: () => Response,
  options?: Options,
) => () => Response | Promise<Response>;

const SHAPES: Record<string, Serve> = {
  rateLimit: (limiter, handler, options) => {
    const app = new Hono().use(rateLimit({ limiter, key: () => KEY, ...options })).get("/", handler);
    return () => app.request("/");
  },
  withRateLimit: (limiter, handler, options) => {
    const guarded = withRateLimit(() => handler(), { limiter, key: () => KEY, ...options });
    return () => guarded(new Request("http://app.test/"));
  },
};

describe.each(Object.entries(SHAPES))("%s with work in flight beside a quota", (_name, served) => {
  test("holds until the body has ended, and tells both in the fields", async () => {
    const { limiter, left } = limitsOf();
    const response = await served(limiter, () => new Response("body"))();
    expect(fields(response)["ratelimit-policy"]).toBe(
      '"jobs/work";q=1;qu="concurrent-requests", "user/calls";q=5;w=86400',
    );
    expect(await left()).toEqual([0, 4]);
    const denied = await served(limiter, () => new Response("body"))();
    expect([denied.status, denied.headers.get("Retry-After")]).toEqual([429, "10"]);
    await response.text();
    expect(await left()).toEqual([1, 4]);
  });

  test("a quota that is used up holds nothing", async () => {
    const { limiter, left } = limitsOf(9);
    const ask = served(limiter, () => new Response("body"));
    for (let i = 0; i < 5; i += 1) await (await ask()).text();
    expect((await ask()).status).toBe(429);
    expect(await left()).toEqual([9, 0]);
  });

  test("a body extends its hold as it flows", async () => {
    const { limiter, left, clock } = limitsOf();
    let feed: ReadableStreamDefaultController<Uint8Array> | undefined;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        feed = controller;
      },
    });
    const response = await served(limiter, () => new Response(body))();
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    for (let i = 0; i < 3; i += 1) {
      clock.advance(HOLD_MS - 1);
      feed?.enqueue(new Uint8Array(1));
      await reader.read();
      expect(await left()).toEqual([0, 4]);
    }
    await reader.cancel();
    expect(await left()).toEqual([1, 4]);
  });

  test("refundOn gives back the quota, and the body's end the place", async () => {
    const { limiter, left } = limitsOf();
    const refundOn = (response: Response) => response.status >= 500;
    const response = await served(limiter, () => new Response("body", { status: 503 }), { refundOn })();
    expect(await left()).toEqual([0, 5]);
    await response.text();
    expect(await left()).toEqual([1, 5]);
  });

  test("a store that is away", async () => {
    const { limiter } = limitsOf(1, {
      ...brokenStore,
      run: () => Promise.reject(new StoreError("network", "away")),
    } as Store);
    expect((await served(limiter, () => new Response("body"))()).status).toBe(200);
  });
});

test("on Node: until the response has been sent", async () => {
  const { limiter, left } = limitsOf();
  const limit = nodeRateLimit({ limiter, key: () => KEY });
  const server = createServer((request, response) => {
    limit(request, response, () => {
      response.write("begun");
      request.once("data", () => response.end());
    });
  }).listen(0, "127.0.0.1");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const leaving = new AbortController();
  const response = await fetch(`http://127.0.0.1:${port}/`, { signal: leaving.signal });
  expect(response.status).toBe(200);
  expect(await left()).toEqual([0, 4]);
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(429);
  leaving.abort();
  await expect.poll(left).toEqual([1, 4]);
});
