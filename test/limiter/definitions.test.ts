import { describe, expect, test } from "vitest";
import type { Policy } from "../../src/algorithm/policy.ts";
import type { KnownDecision } from "../../src/core/decision.ts";
import type { RefundOptions } from "../../src/limiter/call-options.ts";
import { createLimiter, type Limiter } from "../../src/limiter/limiter.ts";
import { MIDNIGHT } from "../support/clock.ts";
import { type Definition, definitionOf } from "../support/definitions.ts";
import { expectSame } from "../support/expect-same.ts";
import { known } from "../support/known.ts";
import { policySets } from "../support/policies.ts";
import { type Random, randomFrom } from "../support/random.ts";
import { simulatedRedis } from "../support/simulated-redis.ts";

const STEPS = 100_000;
/** Clocks differ by less than the second of grace, and by more than many a call's pause. */
const SKEWS_MS = [0, -300, 250, -1];

const SETS = policySets(numbersOf, (random) => 2 + random.below(3));

function numbersOf(random: Random, name: string) {
  const limit = 1 + random.below(12);
  const window = random.pick([7, 50, 1000, 1000, 2500, 10_000]);
  return { name, limit, window, burst: 1 + random.below(20) };
}

/** One key of one limiter, as the definitions have it: every policy takes, or none does. */
function bookOf(policies: readonly Policy[]) {
  const parts: { policy: Policy; definition: Definition }[] = policies.map((policy) => ({
    policy,
    definition: definitionOf(policy),
  }));
  let latest = 0;
  return {
    /** Times never run backwards within a key. */
    at: (now: number) => Math.max(now, parts[0]?.definition.latest?.() ?? latest),
    saw(at: number) {
      latest = at;
    },
    allows: (at: number, cost: number, limit?: number) =>
      parts.every(({ policy, definition }) => definition.allows(at, cost, limit ?? policy.limit)),
    remaining: (at: number, limit?: number) =>
      parts.map(({ policy, definition }) => definition.remaining(at, limit ?? policy.limit)),
    take(at: number, cost: number, limit?: number) {
      for (const { policy, definition } of parts) definition.take(at, cost, limit ?? policy.limit);
    },
    giveBack(at: number, cost: number, limit?: number, since?: number) {
      for (const { policy, definition } of parts) definition.giveBack(at, cost, limit ?? policy.limit, since);
    },
  };
}

type Operation = "consume" | "peek" | "charge" | "refund";

/** Random calls by isolates whose clocks differ; `each` gets every answer with what the definitions say of that moment. */
async function run(
  name: string,
  seed: number,
  operations: readonly Operation[],
  snapshots: boolean,
  each: (answer: KnownDecision, book: ReturnType<typeof bookOf>, call: Call) => void,
) {
  const random = randomFrom(seed);
  let steps = 0;
  while (steps < STEPS) {
    const policies = (SETS[name] as (typeof SETS)[string])(random);
    // What is booked beyond a full bucket and seen under another limit is the one thing that may expire too early.
    const changing = !operations.includes("charge") && random.next() < 0.5;
    let now = MIDNIGHT + random.below(20_000);
    const store = simulatedRedis(() => now);
    const isolates = SKEWS_MS.map((skewMs) =>
      // Days are long, and the jumps in them.
      createLimiter({
        name: "test",
        store,
        policies,
        now: () => now + skewMs,
        snapshots: snapshots && { maxAgeMs: 1e8 },
      }),
    );
    const book = bookOf(policies);
    const taken: KnownDecision[] = [];
    const longest = Math.max(...policies.map(({ windowMs }) => windowMs));
    for (let i = 0; i < 500; i += 1) {
      now += random.next() < 0.05 ? random.below(2 * longest) : random.below(Math.ceil(longest / 6));
      const isolate = random.below(SKEWS_MS.length);
      const operation = random.pick(operations);
      const cost = random.below(operation === "consume" ? 4 : 6);
      const limit = changing && random.next() < 0.3 ? 1 + random.below(15) : undefined;
      const options = limit === undefined ? {} : { limit };
      // Mostly of what was taken lately.
      const since = operation === "refund" && random.next() < 0.6 ? taken.at(-1 - random.below(4)) : undefined;
      const limiter = isolates[isolate] as Limiter;
      const decision =
        operation === "charge" || operation === "refund"
          ? await limiter[operation]("k", cost, { ...options, since } as RefundOptions)
          : await limiter[operation]("k", { cost, ...options });
      if (operation === "consume" && decision.allowed) taken.push(known(decision));
      each(known(decision), book, {
        operation,
        cost,
        limit,
        now: now + (SKEWS_MS[isolate] as number),
        since: since?.at,
      });
      steps += 1;
    }
  }
}

interface Call {
  readonly operation: Operation;
  readonly cost: number;
  readonly limit: number | undefined;
  /** By the caller's clock. */
  readonly now: number;
  readonly since: number | undefined;
}

describe.each(Object.keys(SETS))("%s: 100 000 calls by four clocks", (name) => {
  test.each<[string, Operation[]]>([
    ["refunds and changing limits", ["consume", "consume", "consume", "peek", "refund"]],
    ["charges and refunds", ["consume", "consume", "peek", "charge", "refund"]],
  ])("every answer is what the definition says, to the millisecond: %s", async (_what, operations) => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    let denials = 0;
    await run(name, seed, operations, false, (answer, book, { operation, cost, limit, now, since }) => {
      const at = book.at(now);
      const where = () => `seed ${seed}: ${operation} ${cost} limit ${limit} at ${at} since ${since}`;
      const allowed = operation === "charge" || operation === "refund" || book.allows(at, cost, limit);
      expectSame(answer.allowed, allowed, where);
      if (operation === "refund") book.giveBack(at, cost, limit, since);
      else if (operation !== "peek" && allowed) book.take(at, cost, limit);
      if (operation !== "peek" && allowed) book.saw(at);
      const due = book.remaining(at, limit);
      expectSame(answer.policies.length, due.length, where);
      due.forEach((remaining, i) => void expectSame(answer.policies[i]?.remaining, remaining, where));
      if (allowed) return;
      denials += 1;
      const passes = now + answer.retryAfterMs;
      if (answer.retryAfterMs === Infinity) expectSame(book.allows(at + 1e9, cost, limit), false, where);
      else {
        expectSame(book.allows(Math.max(at, passes), cost, limit), true, where);
        expectSame(book.allows(Math.max(at, passes - 1), cost, limit), false, where);
      }
    });
    expect(denials).toBeGreaterThan(STEPS / 50);
  });

  test("with snapshots nothing more is admitted, and nobody is denied for longer than clocks differ", async () => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    let fromSnapshots = 0;
    await run(name, seed, ["consume", "consume", "consume", "peek", "charge"], true, (answer, book, call) => {
      const { operation, cost, limit, now } = call;
      const at = book.at(now);
      const where = () => `seed ${seed}: ${operation} ${cost} at ${at}, by the ${answer.source}`;
      const allowed = operation === "charge" || book.allows(at, cost, limit);
      if (answer.source === "snapshot") {
        fromSnapshots += 1;
        expectSame(answer.allowed, false, where);
        // By its own clock it is right; the store has seen a later time from another isolate.
        expectSame(book.allows(now, cost, limit), false, where);
        return;
      }
      expectSame(answer.allowed, allowed, where);
      if (operation === "peek" || !allowed) return;
      book.take(at, cost, limit);
      book.saw(at);
    });
    expect(fromSnapshots).toBeGreaterThan(STEPS / 100);
  });
});
