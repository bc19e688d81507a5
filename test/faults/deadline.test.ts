import { createLimiter, type RedisClient, redisStore, tokenBucket } from "sluice";
import { upstashClient } from "sluice/upstash";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { startMutePort } from "../support/fault-proxy.ts";
import { bytesInUse } from "../support/garbage.ts";
import { eventually, PATIENCE_MS, type Rig, startRig, TIMEOUT_MS } from "./rig.ts";

let rig: Rig;
const unhandled: unknown[] = [];
const onUnhandled = (reason: unknown) => void unhandled.push(reason);

beforeAll(async () => {
  process.on("unhandledRejection", onUnhandled);
  rig = await startRig();
  await rig.counted("first");
});

afterAll(async () => {
  await rig?.close();
  process.off("unhandledRejection", onUnhandled);
});

beforeEach(() => {
  rig.proxy.fault = { kind: "none" };
});

afterEach(async () => {
  vi.useRealTimers();
  // Node reports rejections that nobody handled after its microtasks are done.
  await new Promise((resolve) => setImmediate(resolve));
  expect(unhandled.splice(0)).toEqual([]);
});

const never = () => new Promise<never>(() => {});

/** A limiter on a client of one's own making; what isn't given never answers. */
function limiterOn(client: Partial<Record<keyof RedisClient, unknown>>, timeoutMs = 50) {
  const redis = { evalsha: never, eval: never, del: never, ...client } as RedisClient;
  const policies = [tokenBucket({ limit: 10, window: "1 d" })];
  return createLimiter({
    name: "test",
    store: redisStore(redis),
    policies,
    timeoutMs,
    failureMode: "closed",
    breaker: false,
  });
}

test("the HTTP request given up on is aborted: the proxy sees its connection closed", async () => {
  rig.proxy.fault = { kind: "hang", commit: false };
  const before = rig.proxy.givenUp;
  expect(await rig.limiter({ timeoutMs: TIMEOUT_MS }).consume("k")).toMatchObject({ error: { kind: "timeout" } });
  await eventually(() => rig.proxy.givenUp).toBe(before + 1);
});

test("an endless body is no longer read after a megabyte, long before the deadline, and nothing of it is kept", async () => {
  // So much that what else this process holds makes no difference.
  const CALLS = 40;
  rig.proxy.fault = { kind: "endless", bytes: 65_536 };
  const before = { givenUp: rig.proxy.givenUp, heap: bytesInUse(), bytes: rig.proxy.endlessBytes };
  for (let i = 0; i < CALLS; i += 1) {
    expect(await rig.limiter({ timeoutMs: PATIENCE_MS }).consume("k")).toMatchObject({ error: { kind: "reply" } });
  }
  await eventually(() => rig.proxy.givenUp).toBe(before.givenUp + CALLS);
  const sent = rig.proxy.endlessBytes - before.bytes;
  expect(sent).toBeGreaterThan(CALLS * 1_000_000);
  await eventually(() => bytesInUse() - before.heap).toBeLessThan(sent / 10);
  expect(rig.proxy.endlessBytes - before.bytes).toBe(sent);
});

test("a caller that aborts ends the HTTP request at once, and hears its own reason", async () => {
  rig.proxy.fault = { kind: "hang", commit: false };
  const { requests, givenUp } = rig.proxy;
  const caller = new AbortController();
  const call = rig.limiter().consume("k", { signal: caller.signal });
  await eventually(() => rig.proxy.requests).toBe(requests + 1);
  const reason = new Error("the visitor left");
  caller.abort(reason);
  await expect(call).rejects.toBe(reason);
  await eventually(() => rig.proxy.givenUp).toBe(givenUp + 1);
});

test("a caller that has aborted before costs no request", async () => {
  const { requests } = rig.proxy;
  await expect(rig.limiter().consume("k", { signal: AbortSignal.abort("gone") })).rejects.toBe("gone");
  await expect(rig.limiter().reset("k", { signal: AbortSignal.abort("gone") })).rejects.toBe("gone");
  expect(rig.proxy.requests).toBe(requests);
});

test("the deadline covers a connection on which nobody ever speaks", async () => {
  const mute = await startMutePort();
  const store = redisStore(upstashClient({ url: mute.url, token: "t" }));
  const limiter = createLimiter({
    name: "test",
    store,
    policies: [tokenBucket({ limit: 1, window: "1 s" })],
    timeoutMs: TIMEOUT_MS,
  });
  expect(await limiter.consume("k")).toMatchObject({ source: "fallback", error: { kind: "timeout" } });
  await mute.close();
});

test("a port that nobody listens on is out of reach at once", async () => {
  const mute = await startMutePort();
  await mute.close();
  const store = redisStore(upstashClient({ url: mute.url, token: "t" }));
  const limiter = createLimiter({
    name: "test",
    store,
    policies: [tokenBucket({ limit: 1, window: "1 s" })],
    timeoutMs: 60_000,
  });
  expect(await limiter.consume("k")).toMatchObject({ source: "fallback", error: { kind: "network" } });
});

test("a reset has the same deadline, and rejects with the StoreError", async () => {
  rig.proxy.fault = { kind: "hang", commit: false };
  const { givenUp } = rig.proxy;
  await expect(rig.limiter({ timeoutMs: TIMEOUT_MS }).reset("k")).rejects.toMatchObject({
    name: "StoreError",
    kind: "timeout",
  });
  await eventually(() => rig.proxy.givenUp).toBe(givenUp + 1);
});

test("a client that ignores signals is left alone, and what it says late is nobody's concern", async () => {
  vi.useFakeTimers();
  const late = limiterOn({
    evalsha: () => new Promise((_resolve, reject) => setTimeout(() => reject(new Error("late")), 200)),
  });
  const call = late.consume("k");
  await vi.advanceTimersByTimeAsync(51);
  expect(await call).toMatchObject({ allowed: false, error: { kind: "timeout" } });
  await vi.advanceTimersByTimeAsync(1000);
  expect(vi.getTimerCount()).toBe(0);
});

test("a NOSCRIPT that arrives after the deadline is not answered with the script", async () => {
  vi.useFakeTimers();
  const evaluate = vi.fn(never);
  const late = limiterOn({
    evalsha: () => new Promise((_resolve, reject) => setTimeout(() => reject(new Error("NOSCRIPT No script")), 200)),
    eval: evaluate,
  });
  const call = late.consume("k");
  await vi.advanceTimersByTimeAsync(51);
  expect(await call).toMatchObject({ error: { kind: "timeout" } });
  await vi.advanceTimersByTimeAsync(1000);
  expect(evaluate).not.toHaveBeenCalled();
});

test("no timer and no listener outlives its call", async () => {
  vi.useFakeTimers();
  const caller = new AbortController();
  const removed = vi.spyOn(caller.signal, "removeEventListener");
  const added = vi.spyOn(caller.signal, "addEventListener");
  const replies = limiterOn({ evalsha: async () => "nonsense" });
  for (let i = 0; i < 3; i += 1) await replies.consume("k", { signal: caller.signal });
  expect(vi.getTimerCount()).toBe(0);
  expect(added).toHaveBeenCalledTimes(3);
  expect(removed).toHaveBeenCalledTimes(3);
});

test("a client that throws at once, answers without a promise, or with nothing becomes a decision", async () => {
  const throws = () => {
    throw new Error("at once");
  };
  expect(await limiterOn({ evalsha: throws }).consume("k")).toMatchObject({ error: { kind: "network" } });
  expect(await limiterOn({ withSignal: throws }).consume("k")).toMatchObject({ error: { kind: "network" } });
  for (const value of [undefined, null, 5, "OK", {}, [], Symbol("x")]) {
    const limiter = limiterOn({ evalsha: () => value });
    expect(await limiter.consume("k")).toMatchObject({ source: "fallback", error: { kind: "reply" } });
  }
  for (const thrown of [undefined, null, 5, Object.create(null), Symbol("x"), { message: 5, name: null }]) {
    const limiter = limiterOn({ evalsha: () => Promise.reject(thrown) });
    expect(await limiter.consume("k")).toMatchObject({ source: "fallback", error: { kind: "network" } });
  }
});

test("an observer that throws or rejects changes nothing", async () => {
  const seen: string[] = [];
  const tell = (fail: () => unknown) =>
    rig.limiter({
      onEvent: (event) => {
        if (event.type === "decision") seen.push(event.decision.source);
        return fail() as undefined;
      },
    });
  const thrower = tell(() => {
    throw new Error("mine");
  });
  expect(await thrower.consume("listener")).toMatchObject({ source: "store", allowed: true });
  expect(await tell(() => Promise.reject(new Error("mine"))).consume("listener")).toMatchObject({ source: "store" });
  rig.proxy.fault = { kind: "answer", status: 500, body: "" };
  expect(await thrower.consume("listener")).toMatchObject({ source: "fallback" });
  expect(seen).toEqual(["store", "store", "fallback"]);
});

test("what a key says is never taken for what Redis says", async () => {
  for (const key of ["NOSCRIPT", "WRONGPASS", "unexpected flag", "x, command was: NOSCRIPT"]) {
    const { requests } = rig.proxy;
    rig.proxy.fault = { kind: "answer", status: 500, body: '{"error":"internal"}' };
    expect(await rig.limiter().consume(key)).toMatchObject({ source: "fallback", error: { kind: "reply" } });
    expect(rig.proxy.requests).toBe(requests + 1);
  }
});

test("a shared client never mixes up the signals of calls under way", async () => {
  rig.proxy.fault = { kind: "hang", commit: false };
  const { requests, givenUp } = rig.proxy;
  const limiter = rig.limiter();
  const callers = Array.from({ length: 20 }, () => new AbortController());
  const calls = callers.map(({ signal }, i) => limiter.consume(`k${i}`, { signal }).catch((reason: unknown) => reason));
  await eventually(() => rig.proxy.requests).toBe(requests + 20);
  callers[7]?.abort("seven");
  expect(await calls[7]).toBe("seven");
  await eventually(() => rig.proxy.givenUp).toBe(givenUp + 1);
  for (const caller of callers) caller.abort("end");
  const outcomes = await Promise.all(calls);
  expect(outcomes.filter((outcome) => outcome === "end")).toHaveLength(19);
});
