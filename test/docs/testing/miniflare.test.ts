import { randomUUID } from "node:crypto";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { afterAll, beforeAll, expect, inject, test } from "vitest";

let worker: Miniflare;

beforeAll(async () => {
  const entryPoints = ["test/docs/testing/worker.ts"];
  const { outputFiles } = await build({ entryPoints, bundle: true, write: false, format: "esm", target: "es2022" });
  const { url, token } = inject("upstash");
  worker = new Miniflare({
    modules: true,
    script: outputFiles[0]?.text ?? "",
    compatibilityDate: "2026-04-20",
    // A namespace for each file, so that files may run at the same time on one Redis.
    bindings: { URL: url, TOKEN: token, NAMESPACE: randomUUID() },
  });
  await worker.ready;
});

afterAll(() => worker.dispose());

test("the third request is denied", async () => {
  const ask = () => worker.dispatchFetch("https://api.test/", { headers: { "x-user": "alice" } });
  const statuses: number[] = [];
  for (let i = 0; i < 3; i += 1) {
    const response = await ask();
    await response.text();
    statuses.push(response.status);
  }
  expect(statuses).toEqual([200, 200, 429]);
});
