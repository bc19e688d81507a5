import fc from "fast-check";
import { afterAll, describe, expect, inject, test } from "vitest";
import type { Demand } from "../../src/algorithm/algorithm.ts";
import { type Policy, withLimit } from "../../src/algorithm/policy.ts";
import { type Program, programFor } from "../../src/algorithm/program.ts";
import { demandsOf, type Task } from "../../src/limiter/call.ts";
import { MIDNIGHT } from "../support/clock.ts";
import { GRACE_MS } from "../support/grace.ts";
import { PLAIN, WITH_CALENDAR } from "../support/policies.ts";
import { connect, FAR_FUTURE, msOf, uniqueName } from "../support/redis.ts";

const SEQUENCES = 130;
const MOST_STEPS = 300;

const redis = await connect(inject("redisUrl"));
afterAll(() => redis.disconnect());

interface Turn {
  readonly operation: Task;
  /** Picks a cost for each policy, as a share of its burst. */
  readonly costs: readonly number[];
  readonly limit: number | undefined;
  readonly maxDelayMs: number;
  /** How long before it, in windows of the first policy and ms, that was taken which it gives back. */
  readonly ago: readonly [windows: number, ms: number] | undefined;
  /** How the clock moves before it: by a number of ms, or by windows of the first policy and some ms. */
  readonly wait: readonly [windows: number, ms: number];
}

const turn: fc.Arbitrary<Turn> = fc.record({
  operation: fc.oneof(
    { weight: 8, arbitrary: fc.constant<Task>("consume") },
    { weight: 2, arbitrary: fc.constant<Task>("peek") },
    { weight: 3, arbitrary: fc.constant<Task>("refund") },
    { weight: 1, arbitrary: fc.constant<Task>("charge") },
    { weight: 1, arbitrary: fc.constant<Task>("leave") },
  ),
  costs: fc.array(
    fc.oneof(
      { weight: 6, arbitrary: fc.double({ min: 0, max: 0.5, noNaN: true }) },
      { weight: 2, arbitrary: fc.double({ min: 0, max: 1.3, noNaN: true }) },
      { weight: 2, arbitrary: fc.constantFrom(0, 1) },
      { weight: 1, arbitrary: fc.constant(Number.MAX_SAFE_INTEGER) },
    ),
    { minLength: 8, maxLength: 8 },
  ),
  limit: fc.option(fc.double({ min: 0.2, max: 3, noNaN: true }), { freq: 6, nil: undefined }),
  maxDelayMs: fc.constantFrom(0, 0, 0, 1, 500, 2 ** 31 - 1),
  ago: fc.option(
    fc.oneof(
      fc.tuple(fc.constant(0), fc.integer({ min: -1, max: 30 })),
      fc.tuple(fc.double({ min: 0, max: 2.1, noNaN: true }), fc.constantFrom(-1, 0, 1)),
    ),
    { nil: undefined },
  ),
  wait: fc.oneof(
    { weight: 6, arbitrary: fc.constant([0, 0] as const) },
    { weight: 6, arbitrary: fc.tuple(fc.constant(0), fc.integer({ min: 1, max: 30 })) },
    { weight: 6, arbitrary: fc.tuple(fc.double({ min: 0, max: 0.4, noNaN: true }), fc.constant(0)) },
    { weight: 3, arbitrary: fc.tuple(fc.constantFrom(1, 2), fc.constantFrom(-1, 0, 1)) },
    { weight: 2, arbitrary: fc.tuple(fc.double({ min: -2, max: 0, noNaN: true }), fc.constantFrom(-1, 0)) },
    { weight: 1, arbitrary: fc.constantFrom([0, 86_400_000] as const, [0, -86_400_000], [0, -86_400_001]) },
  ),
});

const windowMs = fc.oneof(
  fc.constantFrom(1, 2, 7, 1000, 10_000, 3_600_000, 86_400_000, 366 * 86_400_000),
  fc.integer({ min: 1, max: 100_000 }),
);

/** Up to the largest limit that the window allows, small ones mostly. */
const limitOf = (windowMs: number) => {
  const most = Math.floor((Number.MAX_SAFE_INTEGER - 1) / windowMs);
  return fc.oneof(
    { weight: 5, arbitrary: fc.integer({ min: 1, max: Math.min(30, most) }) },
    { weight: 2, arbitrary: fc.integer({ min: 1, max: Math.min(40_000_000, most) }) },
    { weight: 1, arbitrary: fc.integer({ min: Math.ceil(most / 2), max: most }) },
  );
};

const policyOf = (make: (typeof WITH_CALENDAR)[string], name: string) =>
  windowMs
    .chain((window) =>
      fc.record({
        name: fc.constant(name),
        window: fc.constant(window),
        limit: limitOf(window),
        burst: limitOf(window),
      }),
    )
    .map(make);

const setOf = (makers: typeof WITH_CALENDAR) =>
  fc
    .array(fc.constantFrom(...Object.values(makers)), { minLength: 2, maxLength: 8 })
    .chain((list) => fc.tuple(...list.map((make, i) => policyOf(make, `p${i}`))));

describe("twin and script agree after every step", () => {
  for (const [name, make] of Object.entries(WITH_CALENDAR)) {
    test(name, () => agree(policyOf(make, "p").map((policy) => [policy])), 180_000);
  }
  test("policy sets of 2 to 8", () => agree(setOf(PLAIN)), 180_000);
  test("sets of 2 to 8 of any policies", () => agree(setOf(WITH_CALENDAR)), 180_000);
});

async function agree(policies: fc.Arbitrary<Policy[]>) {
  let steps = 0;
  const turns = fc.array(turn, { minLength: 1, maxLength: MOST_STEPS, size: "max" });
  const property = fc.asyncProperty(policies, turns, fc.integer({ min: 0, max: 86_400_000 }), async (...sequence) => {
    steps += await compare(...sequence);
  });
  // A failure prints the seed and the path to the shortest sequence that fails.
  await fc.assert(property, { numRuns: SEQUENCES, endOnFailure: true });
  expect(steps).toBeGreaterThanOrEqual(10_000);
}

/** Runs one sequence on one key by both, the script's side in one go, and compares what they tell after each step. */
async function compare(policies: Policy[], turns: readonly Turn[], offset: number): Promise<number> {
  const program = programFor(policies);
  const key = uniqueName();
  await loaded(program);
  let now = MIDNIGHT + offset;
  let kept: unknown;
  const steps = turns.map((turn) => {
    now += Math.round(turn.wait[0] * (policies[0] as Policy).windowMs) + turn.wait[1];
    now = Math.min(Math.max(now, 0), 2 ** 43 - 1);
    const demands = demandsOfTurn(program, policies, turn, now);
    const twin = program.step(kept, now, demands);
    if (twin.allowed) kept = twin.kept;
    // Looking at the time of the state shows the whole of it, as stored.
    const [at] = twin.state;
    const look = demands.map((demand) => ({ ...demand, delta: 0, ceiling: -1 }));
    const { sha1 } = program.script;
    // Between the commands of a transaction time stands still for expiry, so that what is stored for 1 ms is there until PEXPIREAT.
    const replies = redis
      .multi()
      .time()
      .evalsha(sha1, 1, key, ...program.args(now, demands))
      .pexpiretime(key)
      .time()
      .pttl(key)
      .pexpireat(key, FAR_FUTURE)
      .evalsha(sha1, 1, key, ...program.args(at, look))
      .exec();
    return { turn, now, twin, seen: program.step(kept, at, look).state, replies };
  });
  const replies = await Promise.all(steps.map((step) => step.replies));
  await redis.del(key);

  let written = false;
  steps.forEach(({ twin, turn, now, seen }, i) => {
    const [from, reply, expiresAt, to, pttl, , looked] = (replies[i] ?? []).map(([error, value]) => error ?? value);
    const step = `step ${i}: ${turn.operation} at ${now}`;
    expect(reply, step).toEqual([twin.allowed ? 1 : 0, ...twin.state]);
    expect(looked, `the state stored by ${step}`).toEqual([0, ...seen]);
    if (!twin.allowed) {
      // -2: no key. A denial writes nothing.
      expect(expiresAt, step).toBe(written ? FAR_FUTURE : -2);
    } else if (pttl !== twin.ttlMs + GRACE_MS) {
      // A millisecond has passed meanwhile, so the time of the write lies between the two that were asked for.
      const writtenAt = (expiresAt as number) - twin.ttlMs - GRACE_MS;
      expect(writtenAt, step).toBeGreaterThanOrEqual(msOf(from));
      expect(writtenAt, step).toBeLessThanOrEqual(msOf(to));
    }
    written ||= twin.allowed;
  });
  return steps.length;
}

function demandsOfTurn(program: Program, policies: Policy[], turn: Turn, now: number): Demand[] {
  const { operation, costs, limit, maxDelayMs, ago } = turn;
  const inForce = policies.map((policy) => limited(policy, limit));
  const call = {
    policies: inForce,
    costs: inForce.map(({ burst }, i) => costOf(costs[i] as number, burst)),
    maxDelayMs,
    takenAt: ago && Math.max(0, now - Math.round(ago[0] * (policies[0] as Policy).windowMs) - ago[1]),
    place: "k",
    // A bucket without what is taken is whole by then: before now, or after it.
    taken: ago && { k: [now + Math.round(2 * ago[0] * (policies[0] as Policy).windowMs) + ago[1], 0] as const },
  };
  return demandsOf(program, call, operation, now);
}

const costOf = (share: number, burst: number) => Math.min(Math.round(share * burst), Number.MAX_SAFE_INTEGER);

/** The policy with a share of its limit, if that leaves it within its bounds. */
function limited(policy: Policy, share: number | undefined): Policy {
  if (share === undefined) return policy;
  const most = Math.floor((Number.MAX_SAFE_INTEGER - 1) / policy.windowMs);
  const limit = Math.min(Math.max(1, Math.round(policy.limit * share)), most);
  return Math.floor((policy.burst * limit) / policy.limit) <= most ? withLimit(policy, limit) : policy;
}

const known = new Set<string>();
async function loaded({ script }: Program): Promise<void> {
  if (known.has(script.sha1)) return;
  expect(await redis.script("LOAD", script.text)).toBe(script.sha1);
  known.add(script.sha1);
}
