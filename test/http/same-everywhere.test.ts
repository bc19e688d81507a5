import { Hono } from "hono";
import { createLimiter, fixedWindow, memoryStore } from "sluice";
import { withRateLimit } from "sluice/fetch";
import { legacyFields, rateLimit, standardFields } from "sluice/hono";
import { afterEach, describe, expect, test, vi } from "vitest";
import { FRAMEWORKS, type Running, telling } from "./node/frameworks.ts";
import { brokenStore } from "./setup.ts";

/** What all middleware takes; made anew for each, with counts of its own. */
const limiter = (options: object = {}) =>
  createLimiter({
    ...{ name: "same", store: memoryStore(), now: () => 1_000_000_000_000 },
    policies: [fixedWindow({ name: "one", limit: 1, window: "1 m" })],
    ...options,
  });

const broken = () => {
  throw new Error("plans are down");
};

/** Options, and how the second of two requests is sent. */
const CASES: Record<string, { options: () => object; request?: RequestInit }> = {
  "a denial": { options: () => ({ limiter: limiter() }) },
  "a denial as text": { options: () => ({ limiter: limiter() }), request: { headers: { Accept: "text/plain" } } },
  "a denial of HEAD": { options: () => ({ limiter: limiter() }), request: { method: "HEAD" } },
  "a denial that never ends": { options: () => ({ limiter: limiter(), cost: 2 }) },
  "a denial without fields": { options: () => ({ limiter: limiter(), headers: false }) },
  "two dialects": { options: () => ({ limiter: limiter(), headers: [standardFields, legacyFields] }) },
  "an answer of onDenied": {
    options: () => ({
      limiter: limiter(),
      onDenied: () => new Response("later", { status: 420, headers: { "X-Own": "1", "Content-Type": "text/x" } }),
    }),
  },
  "onDenied that answers nothing": { options: () => ({ limiter: limiter(), onDenied: () => undefined }) },
  "an answer of onError": {
    options: () => ({ limiter: limiter(), limit: broken, onError: () => new Response("own", { status: 418 }) }),
  },
  "closed, and an option function that fails": {
    options: () => ({ limiter: limiter({ failureMode: "closed" }), limit: broken, onError: () => {} }),
  },
  "closed, and no store": { options: () => ({ limiter: limiter({ store: brokenStore, failureMode: "closed" }) }) },
};

const NAMES = ["Content-Type", "Retry-After", "RateLimit", "RateLimit-Policy", "X-RateLimit-Remaining", "X-Own"];

async function seen(response: Response) {
  return {
    status: response.status,
    body: await response.text(),
    fields: Object.fromEntries(NAMES.map((name) => [name, response.headers.get(name)])),
  };
}

describe.each(Object.entries(CASES))("%s", (_name, { options, request }) => {
  let running: Running | undefined;

  afterEach(async () => {
    await running?.close();
    running = undefined;
    vi.restoreAllMocks();
  });

  const own = () => ({ ...options(), key: () => "k" }) as never;

  const askedTwice = async (ask: (init?: RequestInit) => Response | Promise<Response>) => {
    await (await ask()).text();
    return seen(await ask(request));
  };

  async function onFetch() {
    const handler = withRateLimit((_request: Request) => new Response("served"), own());
    return askedTwice((init) => handler(new Request("http://localhost/api/a", init)));
  }

  test("Hono answers as withRateLimit does", async () => {
    const app = new Hono();
    app.use(rateLimit(own()));
    app.get("/api/a", (c) => c.text("served"));
    const answer = await askedTwice((init) => app.request("/api/a", init));
    expect(answer.status).toBeGreaterThan(400);
    expect(answer).toEqual(await onFetch());
  });

  test.each(Object.entries(FRAMEWORKS))("%s answers as withRateLimit does", async (_framework, start) => {
    running = await start({ limits: [own()], handle: telling });
    const { url } = running;
    const answer = await askedTwice((init) => fetch(`${url}/api/a`, init));
    expect(answer).toEqual(await onFetch());
  });
});
