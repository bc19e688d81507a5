import type { Miniflare } from "miniflare";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { clockAt, MIDNIGHT } from "../../support/clock.ts";
import { type FaultProxy, startFaultProxy } from "../../support/fault-proxy.ts";
import { uniqueName } from "../../support/redis.ts";
import { startWorker } from "../../support/worker.ts";
import { callsIn, readOne, redis } from "./rig.ts";

const namespace = uniqueName();
let proxy: FaultProxy;
let worker: Miniflare;

beforeAll(async () => {
  proxy = await startFaultProxy(inject("restUrl"));
  const bindings = { url: proxy.url, token: inject("restToken"), namespace };
  worker = await startWorker("test/observe/analytics/worker.ts", bindings);
});

afterAll(async () => {
  await worker.dispose();
  await proxy.close();
  redis.disconnect();
});

const clock = clockAt(MIDNIGHT + 1000);

async function ask(key: string): Promise<number> {
  const response = await worker.dispatchFetch(`http://worker/?now=${clock.ms}&key=${key}`);
  await response.text();
  return response.status;
}

test("in workerd sums are sent behind the answer, which does not wait for Redis, and by requests of every order", async () => {
  const statuses = await Promise.all(Array.from({ length: 60 }, () => ask("a")));
  expect(statuses.filter((status) => status === 429)).toHaveLength(10);
  expect(proxy.requests).toBe(0);

  clock.ms += 60_000;
  await Promise.all(Array.from({ length: 20 }, () => ask("b")));
  await expect
    .poll(async () => callsIn(await readOne("worker", namespace, clock)))
    .toMatchObject({ "denied store quota": 10 });
  // The last request of a flush.
  await expect.poll(() => redis.exists(`${namespace}/sluice:limiters`)).toBe(1);

  proxy.fault = { kind: "hang", commit: false };
  const { requests } = proxy;
  clock.ms += 60_000;
  expect(await ask("c"), "nobody waits for a Redis that hangs").toBe(200);
  await expect.poll(() => proxy.requests).toBeGreaterThan(requests);
  expect(await ask("c")).toBe(200);

  proxy.fault = { kind: "none" };
  clock.ms += 60_000;
  await ask("c");
  await expect
    .poll(async () => (await readOne("worker", namespace, clock)).asked.keys.map(({ key, count }) => [key, count]))
    .toContainEqual(["c", 2]);
});
