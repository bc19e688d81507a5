import { afterAll, describe, expect, inject, test } from "vitest";
import type { Policy } from "../../src/algorithm/policy.ts";
import type { KnownDecision } from "../../src/core/decision.ts";
import type { Amount } from "../../src/limiter/amounts.ts";
import { createLimiter, type Limiter } from "../../src/limiter/limiter.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { redisStore } from "../../src/store/redis.ts";
import type { Store } from "../../src/store/store.ts";
import { clockAt, MIDNIGHT } from "../support/clock.ts";
import { known } from "../support/known.ts";
import { connect, lastingClientOf, uniqueName } from "../support/redis.ts";
import { calendarWindowVectors } from "./vectors/calendar-window.ts";
import { fixedWindowVectors } from "./vectors/fixed-window.ts";
import { policySetVectors } from "./vectors/policy-set.ts";
import { slidingLogVectors } from "./vectors/sliding-log.ts";
import { slidingWindowVectors } from "./vectors/sliding-window.ts";
import { tokenBucketVectors } from "./vectors/token-bucket.ts";
import { windowInPartsVectors } from "./vectors/window-in-parts.ts";

const TABLES = {
  "token bucket": tokenBucketVectors,
  "sliding window": slidingWindowVectors,
  "window in parts": windowInPartsVectors,
  "fixed window": fixedWindowVectors,
  "calendar window": calendarWindowVectors,
  "sliding log": slidingLogVectors,
};

const redis = await connect(inject("redisUrl"));
afterAll(() => redis.disconnect());

const STORES: Record<string, () => { store: Store; snapshots: boolean }> = {
  "the twin": () => ({ store: memoryStore(), snapshots: false }),
  "the twin, denying from snapshots": () => ({ store: memoryStore(), snapshots: true }),
  "the .lua in Redis": () => ({ store: redisStore(lastingClientOf(redis)), snapshots: false }),
};

describe.each(Object.entries(STORES))("run by %s", (_name, place) => {
  describe.each(Object.entries(TABLES))("%s", (_algorithm, vectors) => {
    test.each(vectors)("$title", async ({ policy, rows }) => {
      const run = runner([policy], place());
      for (const [at, call, allowed, remaining, retryAfterMs, resetAfterMs, delayMs = 0] of rows) {
        const answer = await run(at, call);
        expect(answer, `${call} at ${at}`).toMatchObject({ allowed, remaining, retryAfterMs, resetAfterMs, delayMs });
        expect(answer.policies).toHaveLength(1);
        expect(answer.policies[0]).toMatchObject({ policy: answer.policy, remaining, retryAfterMs, resetAfterMs });
      }
    });
  });

  describe("policy set", () => {
    test.each(policySetVectors)("$title", async ({ policies, rows }) => {
      const run = runner(policies, place());
      for (const [at, call, allowed, policy, remaining, retryAfterMs, resetAfterMs, delayMs = 0] of rows) {
        const answer = await run(at, call);
        expect(answer, `${call} at ${at}`).toMatchObject({ allowed, policy, retryAfterMs, resetAfterMs, delayMs });
        expect(answer.policies.map((status) => status.remaining)).toEqual(remaining);
        const binding = answer.policies.find((status) => status.policy === policy);
        expect(answer).toMatchObject({ limit: binding?.limit, remaining: binding?.remaining });
        expect(answer.resetAfterMs).toBe(Math.max(...answer.policies.map((status) => status.resetAfterMs)));
      }
    });
  });
});

/** Carries out a row's call on one key. */
function runner(policies: readonly Policy[], { store, snapshots }: { store: Store; snapshots: boolean }) {
  const clock = clockAt();
  const limiter = createLimiter({
    store,
    snapshots,
    policies,
    name: uniqueName(),
    now: clock.now,
    timeoutMs: 60_000,
  });
  return async (at: number, call: string): Promise<KnownDecision> => {
    clock.ms = MIDNIGHT + at;
    return known(await carryOut(limiter, call, clock));
  };
}

/** Waits, and leaves the queue once time has passed. */
async function leave(limiter: Limiter, cost: Amount, pass: () => void): Promise<void> {
  const caller = new AbortController();
  const left: Promise<unknown>[] = [];
  const waiting = limiter.wait("k", {
    cost,
    timeoutMs: 60_000,
    signal: caller.signal,
    waitUntil: (task) => void left.push(task),
  });
  // Behind it in the same connection, so the place in the queue is known by then.
  await limiter.peek("k");
  await new Promise((resolve) => setImmediate(resolve));
  pass();
  caller.abort("gone");
  await expect(waiting).rejects.toBe("gone");
  expect(left).toHaveLength(1);
  await Promise.all(left);
}

async function carryOut(limiter: Limiter, call: string, clock: { ms: number }) {
  const [operation, amount = "", ...options] = call.split(" ");
  const cost = amountOf(amount);
  const named = (option: string) => options[options.indexOf(option) + 1] ?? "";
  const limit = options.includes("limit") ? { limit: amountOf(named("limit")) } : {};
  if (operation === "consume") {
    const maxDelayMs = options.includes("maxDelayMs") ? Number(named("maxDelayMs")) : undefined;
    return limiter.consume("k", { cost, ...limit, maxDelayMs });
  }
  if (operation === "peek") return limiter.peek("k", { cost, ...limit });
  if (operation === "refund") {
    const since = options.includes("since") ? takenAt(Number(named("since"))) : undefined;
    return limiter.refund("k", cost, { ...limit, since });
  }
  if (operation === "charge") return limiter.charge("k", cost, limit);
  if (operation === "leave") {
    await leave(limiter, cost, () => {
      clock.ms = MIDNIGHT + Number(named("until"));
    });
    return limiter.peek("k", { cost });
  }
  throw new Error(`"${call}" is not a call`);
}

/** As much of a decision as says when its cost was taken. */
const takenAt = (at: number) => ({ source: "store", at: MIDNIGHT + at }) as KnownDecision;

function amountOf(text: string): Amount {
  if (!text.includes("=")) return Number(text);
  return Object.fromEntries(
    text.split(",").map((part) => {
      const [name, value] = part.split("=");
      return [name, Number(value)];
    }),
  );
}
