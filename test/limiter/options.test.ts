import { afterEach, expect, test, vi } from "vitest";
import { fixedWindow, type Policy, tokenBucket } from "../../src/algorithm/policy.ts";
import { createLimiter } from "../../src/limiter/limiter.ts";
import { memoryStore } from "../../src/store/memory.ts";

const made = createLimiter({
  name: "made-before",
  store: memoryStore(),
  policies: [tokenBucket({ limit: 1, window: "1 m" })],
});

afterEach(() => {
  vi.useRealTimers();
});

test("fake timers that are set up after a limiter was made move its clock", async () => {
  vi.useFakeTimers();
  expect((await made.consume("k")).allowed).toBe(true);
  expect(await made.consume("k")).toMatchObject({ allowed: false, retryAfterMs: 60_000 });
  vi.advanceTimersByTime(60_000);
  expect((await made.consume("k")).allowed).toBe(true);
});

test("a list of policies that changes later changes nothing", async () => {
  const policies: Policy[] = [fixedWindow({ name: "a", limit: 1, window: "1 d" })];
  const limiter = createLimiter({ name: "copied", store: memoryStore(), policies });
  policies.push(fixedWindow({ name: "b", limit: 1, window: "1 d" }));
  expect(await limiter.consume("k")).toMatchObject({ allowed: true, policies: [{ policy: "a" }] });
});

test("a reset whose signal has aborted resets nothing, on a memory store, too", async () => {
  const limiter = createLimiter({
    name: "reset",
    store: memoryStore(),
    policies: [fixedWindow({ limit: 1, window: "1 d" })],
  });
  await limiter.consume("k");
  await expect(limiter.reset("k", { signal: AbortSignal.abort("gone") })).rejects.toBe("gone");
  expect((await limiter.consume("k")).allowed).toBe(false);
});

test("a memory store's own clock decides, whatever the limiter's says", async () => {
  let now = 1_760_000_000_000;
  const store = memoryStore({ now: () => now });
  const policies = [tokenBucket({ limit: 1, window: "10 s" })];
  const limiter = createLimiter({ name: "clock", store, policies, now: () => 1_760_000_000_000 });
  expect((await limiter.consume("k")).allowed).toBe(true);
  expect(await limiter.consume("k")).toMatchObject({ allowed: false, source: "store" });
  now += 10_000;
  expect((await limiter.consume("k")).allowed).toBe(true);
});
