import type { Miniflare } from "miniflare";
import type { Decision } from "sluice";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { FAULTS } from "../support/faults.ts";
import { startWorker } from "../support/worker.ts";
import { eventually, LIMIT, PATIENCE_MS, type Rig, startRig, TIMEOUT_MS } from "./rig.ts";

type Answer = Omit<Decision, "error"> & { readonly error?: { readonly kind: string; readonly printed: string } };

let rig: Rig;
let worker: Miniflare;

beforeAll(async () => {
  rig = await startRig();
  worker = await startWorker("test/faults/worker.ts", { URL: rig.proxy.url, TOKEN: rig.rest.token });
  await rig.counted("first");
});

afterAll(async () => {
  await worker?.dispose();
  await rig?.close();
});

afterEach(async () => {
  rig.proxy.fault = { kind: "none" };
  expect(await (await worker.dispatchFetch("http://worker/unhandled")).json()).toBe(0);
});

type Parameters = Record<"mode" | "key", string> & { timeoutMs?: number; breaker?: string; leave?: string };

function fetched({ timeoutMs = TIMEOUT_MS, ...parameters }: Parameters, signal?: AbortSignal) {
  const query = new URLSearchParams({ ...parameters, timeoutMs: `${timeoutMs}` });
  return worker.dispatchFetch(`http://worker/?${query}`, signal ? { signal } : {});
}

async function consumed(parameters: Parameters): Promise<Answer> {
  return (await (await fetched(parameters)).json()) as Answer;
}

const MODES = ["open", "closed", "memory"] as const;

describe.each(FAULTS)("workerd: $name", ({ fault, kind, taken, requests }) => {
  test.each(MODES)("failure mode %s", async (mode) => {
    const key = `key-${crypto.randomUUID()}`;
    const before = rig.proxy.requests;
    rig.proxy.fault = fault;
    const decision = await consumed({ mode, key, timeoutMs: kind === "timeout" ? TIMEOUT_MS : PATIENCE_MS });
    rig.proxy.fault = { kind: "none" };
    expect(rig.proxy.requests - before).toBe(requests);
    if (kind === undefined) expect(decision).toMatchObject({ source: "store", allowed: true });
    else {
      const source = mode === "memory" ? "memory" : "fallback";
      expect(decision).toMatchObject({ source, allowed: mode !== "closed", error: { kind } });
      for (const secret of [key, rig.rest.token]) expect(decision.error?.printed).not.toContain(secret);
    }
    await eventually(() => rig.counted(key)).toBe(taken ? 1 : 0);
  });
});

test("workerd: the HTTP request given up on is aborted, in its head or in its body", async () => {
  const { givenUp } = rig.proxy;
  rig.proxy.fault = { kind: "hang", commit: false };
  expect(await consumed({ mode: "closed", key: "hang" })).toMatchObject({ error: { kind: "timeout" } });
  await eventually(() => rig.proxy.givenUp).toBe(givenUp + 1);
  rig.proxy.fault = { kind: "endless", bytes: 1 };
  expect(await consumed({ mode: "closed", key: "endless" })).toMatchObject({ error: { kind: "timeout" } });
  await eventually(() => rig.proxy.givenUp).toBe(givenUp + 2);
});

test("workerd: 500 interleaved requests on one limiter, one that leaves early and one cancelled, disturb nobody", async () => {
  rig.proxy.fault = { kind: "delay", ms: 50 };
  const shared = { mode: "closed", timeoutMs: PATIENCE_MS, breaker: "on" };
  const run = crypto.randomUUID();
  const cancelled = new AbortController();
  const before = rig.proxy.requests;
  const answers = await Promise.all(
    Array.from({ length: 500 }, async (_each, i) => {
      const key = `${run}-${i % 25}`;
      if (i === 100) return fetched({ ...shared, key: `${run}-left`, leave: "early" }).then(() => undefined);
      if (i === 200) {
        const gone = fetched({ ...shared, key: `${run}-gone` }, cancelled.signal).catch(() => undefined);
        await eventually(() => rig.proxy.requests).toBeGreaterThan(before);
        cancelled.abort();
        await gone;
        return undefined;
      }
      return consumed({ ...shared, key });
    }),
  );
  const decisions = answers.filter((answer) => answer !== undefined);
  expect(decisions).toHaveLength(498);
  expect(new Set(decisions.map(({ source }) => source))).toEqual(new Set(["store"]));
  // 25 keys of ten each, all of them asked for about 20 times.
  expect(decisions.filter(({ allowed }) => allowed)).toHaveLength(25 * LIMIT);
});

test("workerd: in an outage 500 interleaved requests are all answered, and few of them wait", async () => {
  rig.proxy.fault = { kind: "hang", commit: false };
  const shared = { mode: "open", timeoutMs: TIMEOUT_MS + 1, breaker: "on" };
  const before = rig.proxy.requests;
  for (let round = 0; round < 5; round += 1) {
    const answers = await Promise.all(Array.from({ length: 100 }, (_each, i) => consumed({ ...shared, key: `${i}` })));
    expect(answers.map(({ source, allowed }) => `${source} ${allowed}`)).toEqual(Array(100).fill("fallback true"));
  }
  // At most those of the first round, and single tries since then: so many only if each round takes seconds. At least the three that
  // open the breaker, where the others of that round come too late to try.
  expect(rig.proxy.requests - before).toBeLessThan(250);
  expect(rig.proxy.requests - before).toBeGreaterThanOrEqual(3);
});

test("workerd: a try of the store whose request ends early does not keep the breaker open", async () => {
  const shared = { mode: "closed", timeoutMs: TIMEOUT_MS + 2, breaker: "on", key: "probe" };
  rig.proxy.fault = { kind: "answer", status: 500, body: "" };
  for (let i = 0; i < 3; i += 1) await consumed(shared);
  rig.proxy.fault = { kind: "hang", commit: false };
  const { requests } = rig.proxy;
  // Whoever comes after the pause is the one that tries the store; it leaves without an answer.
  await eventually(async () => {
    await fetched({ ...shared, leave: "early" });
    return rig.proxy.requests;
  }).toBeGreaterThan(requests);
  rig.proxy.fault = { kind: "none" };
  await eventually(async () => (await consumed(shared)).source).toBe("store");
});
