import type { Miniflare } from "miniflare";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startWorker } from "../../support/worker.ts";
import { plain, spreading } from "./real-crowd.ts";

let worker: Miniflare;
let url: URL;

beforeAll(async () => {
  worker = await startWorker("test/http/client/worker.ts", {});
  url = await worker.ready;
});

afterAll(() => worker.dispose());

test("100 clients before a real Worker use its quota up and are hardly ever denied; plain ones mostly are", async () => {
  const [bucket, others] = await Promise.all([spreading(url), plain(url)]);
  // On a machine that is busy with something else nobody gets to ask in time, and many ask together afterwards: bench/client.ts
  // measures, this holds the order.
  expect(bucket.used).toBeGreaterThan(0.6);
  expect(bucket.denied).toBeLessThan(0.1);
  expect(others.denied).toBeGreaterThan(0.3);
});
