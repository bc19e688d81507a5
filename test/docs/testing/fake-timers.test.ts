import { createLimiter, memoryStore, tokenBucket } from "sluice";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) });
});

afterEach(() => {
  vi.useRealTimers();
});

test("a caller who waits gets the next token", async () => {
  const policies = [tokenBucket({ limit: 1, window: "10 s" })];
  const limiter = createLimiter({ name: "mail", store: memoryStore(), policies });
  await limiter.consume("alice");
  const turn = limiter.wait("alice", { timeoutMs: 60_000 });
  await vi.advanceTimersByTimeAsync(10_000);
  expect((await turn).allowed).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
});
