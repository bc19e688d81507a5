import { countDecisions, createLimiter, fixedWindow, memoryStore, type Store, StoreError } from "sluice";
import { expect, test } from "vitest";

test("decisions are counted by source, verdict and kind of error, also those that nobody asked the store for", async () => {
  const counter = countDecisions();
  const now = () => 1_790_000_000_000;
  const sick: Store = {
    remote: true,
    clock: "limiter",
    step: () => Promise.reject(new StoreError("timeout", "late")),
    reset: async () => {},
  };
  const policies = [fixedWindow({ limit: 2, window: "1 h" })];
  const options = { name: "test", policies, now, onEvent: counter };
  const healthy = createLimiter({ ...options, store: memoryStore() });
  const before = counter.counts();
  for (let i = 0; i < 5; i += 1) await healthy.consume("k");
  for (const failureMode of ["open", "closed", "memory"] as const) {
    const limiter = createLimiter({ ...options, store: sick, failureMode });
    for (let i = 0; i < 5; i += 1) await limiter.consume("k");
  }
  const { allowed, denied, failed } = counter.counts();
  expect(allowed).toEqual({ store: 2, snapshot: 0, lease: 0, memory: 2, fallback: 5, rule: 0, penalty: 0 });
  expect(denied.store + denied.snapshot).toBe(3);
  expect(denied).toMatchObject({ memory: 3, fallback: 5 });
  expect(failed).toEqual({ timeout: 15, network: 0, auth: 0, reply: 0 });
  await healthy.refund("k", 1);
  await healthy.peek("k");
  await healthy.charge("k", 1);
  expect(counter.counts(), "looking, booking and giving back decide nothing").toEqual({ allowed, denied, failed });
  await healthy.wait("k2", { timeoutMs: 0 });
  expect(counter.counts().allowed.store).toBe(3);
  const { settle } = await healthy.reserve("k2");
  await settle(0);
  expect(counter.counts().allowed.store, "a reservation counts once").toBe(4);
  expect(before.allowed).toEqual({ store: 0, snapshot: 0, lease: 0, memory: 0, fallback: 0, rule: 0, penalty: 0 });
});
