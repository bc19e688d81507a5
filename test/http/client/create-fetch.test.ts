import { fixedWindow, tokenBucket } from "sluice";
import { type ClientOptions, createFetch } from "sluice/client";
import { withRateLimit } from "sluice/fetch";
import { describe, expect, test, vi } from "vitest";
import { virtualTime } from "../../support/virtual-time.ts";
import { limiterOf, passedClock } from "../setup.ts";

/** A client before a server that answers with these, on a clock that only sleeping moves. */
function clientOf(answers: (request: Request) => Response | Promise<Response>, options: ClientOptions = {}) {
  const { now, advance } = passedClock();
  const slept: number[] = [];
  const asked: { method: string; at: number }[] = [];
  const start = now();
  const fetch = createFetch({
    fetch: async (input, init) => {
      const request = new Request(input, { ...init, duplex: "half" } as RequestInit);
      asked.push({ method: request.method, at: now() - start });
      return answers(request);
    },
    now,
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      slept.push(ms);
      advance(ms);
    },
    random: () => 0,
    ...options,
  });
  return { fetch, slept, asked, advance };
}

const denial = (seconds = 5, status = 429) =>
  new Response("later", { status, headers: { "Retry-After": `${seconds}` } });

/** A list of answers, of which the last stays. */
function inTurn(...answers: (() => Response)[]): () => Response {
  let i = 0;
  return () => (answers[Math.min(i++, answers.length - 1)] as () => Response)();
}

const served = () => new Response("served");
const URL_ = "https://api.test/";

describe("a denied request", () => {
  test("is repeated when it was told to, and not before", async () => {
    const { fetch, asked } = clientOf(
      inTurn(
        () => denial(5),
        () => denial(2),
        served,
      ),
    );
    expect(await (await fetch(URL_)).text()).toBe("served");
    expect(asked.map(({ at }) => at)).toEqual([0, 5000, 7000]);
  });

  test("jitters, more with each denial", async () => {
    const { fetch, slept } = clientOf(inTurn(denial, denial, denial, served), { random: () => 0.5 });
    await fetch(URL_);
    expect(slept).toEqual([5050, 5100, 5200]);
  });

  test.each(["POST", "PATCH", "PUT", "DELETE", "GET"])("429 was not carried out, so %s is repeated", async (method) => {
    const { fetch, asked } = clientOf(inTurn(denial, served));
    expect((await fetch(URL_, { method })).status).toBe(200);
    expect(asked).toHaveLength(2);
  });

  test.each([
    ["GET", 2],
    ["HEAD", 2],
    ["OPTIONS", 2],
    ["POST", 1],
    ["PUT", 1],
    ["DELETE", 1],
    ["PATCH", 1],
  ])("503 may have been carried out, so %s is sent %i times", async (method, times) => {
    const { fetch, asked } = clientOf(inTurn(() => denial(1, 503), served));
    await fetch(URL_, { method });
    expect(asked).toHaveLength(times);
  });

  test.each([500, 502, 504, 408, 425, 404, 301])("%i is not repeated, whatever it tells", async (status) => {
    const { fetch, asked } = clientOf(() => new Response(null, { status, headers: { "Retry-After": "1" } }));
    expect((await fetch(URL_)).status).toBe(status);
    expect(asked).toHaveLength(1);
  });

  test("nor is an error: what became of the request is not known", async () => {
    const { fetch, asked } = clientOf(() => Promise.reject(new TypeError("reset")));
    await expect(fetch(URL_)).rejects.toThrow("reset");
    expect(asked).toHaveLength(1);
  });

  test("is returned where nothing tells how long to wait", async () => {
    const { fetch, asked } = clientOf(() => new Response("never", { status: 429 }));
    expect(await (await fetch(URL_)).text()).toBe("never");
    expect(asked).toHaveLength(1);
  });

  test("gives its body up before it is repeated", async () => {
    const cancel = vi.fn();
    const body = new ReadableStream({ cancel });
    const first = () => new Response(body, { status: 429, headers: { "Retry-After": "1" } });
    const { fetch } = clientOf(inTurn(first, served));
    await fetch(URL_);
    expect(cancel).toHaveBeenCalledOnce();
  });
});

describe("bodies", () => {
  const form = new FormData();
  form.set("a", "1");
  test.each([
    ["text", "a=1"],
    ["a form", form],
    ["bytes", new Uint8Array([1])],
    ["a blob", new Blob(["1"])],
    ["parameters", new URLSearchParams("a=1")],
  ])("%s is sent again, whole", async (_, body) => {
    const bodies: number[] = [];
    const answer = inTurn(denial, served);
    const { fetch } = clientOf(async (request) => {
      bodies.push((await request.arrayBuffer()).byteLength);
      return answer();
    });
    expect((await fetch(URL_, { method: "POST", body })).status).toBe(200);
    expect(bodies).toHaveLength(2);
    expect(Math.min(...bodies)).toBeGreaterThan(0);
  });

  test.each([
    ["a stream", () => [URL_, { method: "POST", body: new Blob(["1"]).stream(), duplex: "half" }] as const],
    ["a body in a Request", () => [new Request(URL_, { method: "POST", body: "1" })] as const],
  ])("%s is not", async (_, sent) => {
    const { fetch, asked } = clientOf(inTurn(denial, served));
    const [input, init] = sent();
    expect((await fetch(input, init as RequestInit)).status).toBe(429);
    expect(asked).toHaveLength(1);
  });
});

describe("giving up", () => {
  test("a wait that ends after the deadline is not begun, and the denial is the answer, with its body", async () => {
    const { fetch, slept, asked } = clientOf(
      inTurn(
        () => denial(5),
        () => denial(6),
        served,
      ),
      { deadlineMs: 10_000 },
    );
    const response = await fetch(URL_);
    expect([response.status, await response.text()]).toEqual([429, "later"]);
    expect([slept, asked.length]).toEqual([[5000], 2]);
  });

  test("where nothing is left and nothing was sent, it is an error with the name that timeouts have", async () => {
    const spent = () =>
      new Response("last", { headers: { RateLimit: '"a";r=0;t=20', "RateLimit-Policy": '"a";q=5;w=60' } });
    const { fetch, asked, advance } = clientOf(spent, { deadlineMs: 10_000 });
    await fetch(URL_);
    await expect(fetch(URL_)).rejects.toMatchObject({ name: "TimeoutError" });
    expect(asked).toHaveLength(1);
    advance(10_000);
    expect(await (await fetch(URL_)).text()).toBe("last");
  });

  test("a signal ends the wait at once, with its reason, and no timer stays behind", async () => {
    vi.useFakeTimers();
    try {
      const fetch = createFetch({ fetch: async () => denial(30) });
      const gone = new AbortController();
      const call = fetch(URL_, { signal: gone.signal });
      const rejected = expect(call).rejects.toThrow("gone");
      await expect.poll(() => vi.getTimerCount()).toBe(1);
      gone.abort(new Error("gone"));
      await rejected;
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  test("so does the signal of a Request", async () => {
    const gone = new AbortController();
    const { fetch } = clientOf(() => {
      gone.abort(new Error("gone"));
      return denial();
    });
    await expect(fetch(new Request(URL_, { signal: gone.signal }))).rejects.toThrow("gone");
  });
});

describe("below the announced quota", () => {
  /** A client before a real limiter; the clock of both moves when the client sleeps. */
  function limited(
    policy = fixedWindow({ name: "a", limit: 3, window: "10 s" }),
    options: ClientOptions = {},
    now?: () => number,
  ) {
    const { limiter, clock } = limiterOf([policy], now && { now });
    const handler = withRateLimit(() => new Response("served"), { limiter, key: () => "k" });
    const statuses: number[] = [];
    const fetch = createFetch({
      fetch: async (input, init) => {
        const response = await handler(new Request(input, init));
        statuses.push(response.status);
        return response;
      },
      now: clock.now,
      sleep: async (ms) => clock.advance(ms),
      random: () => 0,
      ...options,
    });
    return { fetch, statuses, clock };
  }

  test.each([
    ["a window", fixedWindow({ name: "a", limit: 3, window: "10 s" })],
    ["a bucket", tokenBucket({ name: "a", limit: 3, window: "10 s" })],
  ])("%s is never asked in vain", async (_, policy) => {
    const { fetch, statuses } = limited(policy);
    for (let i = 0; i < 20; i += 1) await fetch(URL_);
    expect(statuses).toEqual(new Array(20).fill(200));
  });

  test("a bucket is not waited for until it is whole", async () => {
    const { fetch, clock } = limited(tokenBucket({ name: "a", limit: 3, window: "9 s" }));
    const start = clock.now();
    for (let i = 0; i < 9; i += 1) await fetch(URL_);
    expect(clock.now() - start).toBeLessThan(9 * 3000);
  });

  test.each([
    ["a window", fixedWindow({ name: "a", limit: 3, window: "10 s" })],
    ["a bucket", tokenBucket({ name: "a", limit: 3, window: "10 s" })],
  ])("of %s calls at once take no more than is left, and queue for the rest", async (_, policy) => {
    const time = virtualTime();
    const { fetch, statuses } = limited(policy, { now: time.now, sleep: time.sleep }, time.now);
    await time.run(fetch(URL_));
    await time.run(Promise.all([1, 2, 3, 4].map(() => fetch(URL_))));
    expect(statuses).toEqual([200, 200, 200, 200, 200]);
  });

  test("each origin has its own quota, unless scope says otherwise", async () => {
    const { fetch, clock } = limited(undefined, { deadlineMs: 0 });
    for (let i = 0; i < 3; i += 1) await fetch(URL_);
    await expect(fetch(URL_)).rejects.toMatchObject({ name: "TimeoutError" });
    expect((await fetch("https://other.test/")).status).toBe(429);
    const shared = limited(undefined, { deadlineMs: 0, scope: () => "all" });
    for (let i = 0; i < 3; i += 1) await shared.fetch(URL_);
    await expect(shared.fetch("https://other.test/")).rejects.toMatchObject({ name: "TimeoutError" });
    clock.advance(10_000);
    expect((await fetch(URL_)).status).toBe(200);
  });

  test("a call that was given up while it waited leaves its place", async () => {
    const gone = AbortSignal.abort(new Error("gone"));
    const { fetch, statuses } = limited(undefined, {
      sleep: async (ms, signal) => {
        signal?.throwIfAborted();
        clock.advance(ms);
      },
      now: () => clock.now(),
    });
    const { clock } = limited();
    for (let i = 0; i < 3; i += 1) await fetch(URL_);
    for (let i = 0; i < 5; i += 1) await expect(fetch(URL_, { signal: gone })).rejects.toThrow("gone");
    expect(statuses).toHaveLength(3);
  });
});

test.each([
  [{ deadlineMs: -1 }, "deadlineMs must be a whole number from 0 to 2147483647, not -1"],
  [{ deadlineMs: 1e12 }, "deadlineMs must be a whole number from 0 to 2147483647, not 1000000000000"],
  [{ fetch: "x" }, 'fetch must be a function, not "x"'],
  [{ scope: "x" }, 'scope must be a function, not "x"'],
  [{ spread: true as never }, "spread must be a function, not true"],
  [{ now: 1 }, "now must be a function, not 1"],
  [{ sleep: 1 }, "sleep must be a function, not 1"],
  [{ random: 1 }, "random must be a function, not 1"],
])("misuse: %o", (options, message) => {
  expect(() => createFetch(options as never)).toThrow(message);
});
