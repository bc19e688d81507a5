import type { Miniflare } from "miniflare";
import type { KnownDecision } from "sluice";
import { afterEach, expect, inject, test } from "vitest";
import { uniqueName } from "../../support/redis.ts";
import { startWorker } from "../../support/worker.ts";

const LIMIT = 250;
const STREAMS = 200;
const HOLD_MS = 20_000;

let worker: Miniflare;
let url: URL;

afterEach(() => worker.dispose());

async function start(): Promise<void> {
  const bindings = { URL: inject("restUrl"), TOKEN: inject("restToken"), HOLD_MS: `${HOLD_MS}`, LIMIT: `${LIMIT}` };
  worker = await startWorker("test/http/in-flight/worker.ts", { ...bindings, NAME: uniqueName() });
  url = await worker.ready;
}

const free = async () => ((await (await fetch(new URL("/free", url))).json()) as KnownDecision).remaining;

/** A stream over a real connection, which the client cuts after its first chunk if `cut`; resolves once it is over here. */
async function streamed(cut: boolean): Promise<void> {
  const client = new AbortController();
  // What is compressed arrives late.
  const headers = { "Accept-Encoding": "identity" };
  const response = await fetch(new URL(`/?chunks=${cut ? 1e6 : 5}`, url), { signal: client.signal, headers });
  expect(response.status).toBe(200);
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  expect((await reader.read()).done).toBe(false);
  if (cut) return client.abort();
  while (!(await reader.read()).done) {}
}

/** 200 streams, a third of them cut by the client. */
const CUT = Math.ceil(STREAMS / 3);
const streamAll = () => Promise.all(Array.from({ length: STREAMS }, (_each, i) => streamed(i % 3 === 0)));

test("200 streams, a third cut by the client: the places of those that ended are free at once, and of all after a hold", async () => {
  await start();
  expect(await free()).toBe(LIMIT);
  await streamAll();
  // This runtime tells few streams that their clients have left; for the others the end of the hold frees the place.
  await expect.poll(free, { timeout: HOLD_MS / 2 }).toBeGreaterThanOrEqual(LIMIT - CUT);
  await expect.poll(free, { timeout: 2 * HOLD_MS }).toBe(LIMIT);
});
