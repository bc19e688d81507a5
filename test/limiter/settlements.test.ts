import { describe, expect, test } from "vitest";
import type { Policy } from "../../src/algorithm/policy.ts";
import type { Decision } from "../../src/core/decision.ts";
import { allOf } from "../../src/limiter/all-of.ts";
import { createLimiter, type Limiter } from "../../src/limiter/limiter.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { MIDNIGHT } from "../support/clock.ts";
import { definitionOf, exactWindow } from "../support/definitions.ts";
import { known } from "../support/known.ts";
import { policySets } from "../support/policies.ts";
import { type Random, randomFrom } from "../support/random.ts";
import { simulatedRedis } from "../support/simulated-redis.ts";

const SEQUENCES = 60;
const STEPS = 250;
/** Clocks differ by less than the second of grace. */
const SKEWS_MS = [0, -300, 250];

/** What was really used of one key, and when by the store's time; `isTaken`: because the limiter let it. */
interface Use {
  readonly at: number;
  units: number;
  readonly isTaken: boolean;
}

/** How often the limiter let pass what the policy's definition forbids, if each call is known to have used what it really did. */
function excesses(policy: Policy, uses: readonly Use[]): number {
  // What parts promise is the exact window; which unit is in which part depends on what was taken, not on what was used.
  const definition = policy.algorithm.code === "p" ? exactWindow(policy) : definitionOf(policy);
  let count = 0;
  for (const { at, units, isTaken } of uses) {
    if (isTaken && !definition.allows(at, units, policy.limit)) count += 1;
    definition.take(at, units, policy.limit);
  }
  return count;
}

/** What settles a reservation of `cost` units, of which `actual` were used. */
type Settle = (limiter: Limiter, reservation: Reservation, cost: number, actual: number) => Promise<Decision>;
type Reservation = Awaited<ReturnType<Limiter["reserve"]>>;

/** Random calls by isolates whose clocks differ, with reservations that are settled late, in any order, or never. */
async function run(random: Random, policies: readonly Policy[], settle: Settle) {
  let now = MIDNIGHT + random.below(20_000);
  const store = simulatedRedis(() => now);
  const isolates = SKEWS_MS.map((skewMs) => createLimiter({ name: "test", store, policies, now: () => now + skewMs }));
  const uses: Use[] = [];
  const open: { reservation: Reservation; cost: number; use: Use }[] = [];
  let givenBack = 0;
  const longest = Math.max(...policies.map(({ windowMs }) => windowMs));
  for (let i = 0; i < STEPS; i += 1) {
    now += random.next() < 0.05 ? random.below(2 * longest) : random.below(Math.ceil(longest / 8));
    // To a window's last ms, or to the first of the next.
    if (random.next() < 0.1) now += longest - (now % longest) - random.below(2);
    const limiter = random.pick(isolates);
    const cost = 1 + random.below(8);
    if (random.next() < 0.4) {
      const reservation = await limiter.reserve("k", { cost });
      if (!reservation.allowed) continue;
      const use = { at: known(reservation).at, units: cost, isTaken: true };
      uses.push(use);
      open.push({ reservation, cost, use });
    } else if (random.next() < 0.5 && open.length > 0) {
      const [one] = open.splice(random.below(open.length), 1);
      if (!one) continue;
      const actual = random.below(one.cost + 3);
      const settled = known(await settle(limiter, one.reservation, one.cost, actual));
      one.use.units = Math.min(one.cost, actual);
      if (actual > one.cost) uses.push({ at: settled.at, units: actual - one.cost, isTaken: false });
      else givenBack += one.cost - actual;
    } else {
      const decision = await limiter.consume("k", { cost });
      if (decision.allowed) uses.push({ at: known(decision).at, units: cost, isTaken: true });
    }
  }
  return { excess: policies.reduce((sum, policy) => sum + excesses(policy, uses), 0), givenBack, uses };
}

const SETS = policySets(numbersOf, (random) => 2 + random.below(2));

function numbersOf(random: Random, name: string) {
  return { name, limit: 8 + random.below(30), window: random.pick([50, 1000, 10_000]), burst: 8 + random.below(40) };
}

async function runAll(name: string, seed: number, settle: Settle) {
  const random = randomFrom(seed);
  const sum = { excess: 0, givenBack: 0 };
  for (let i = 0; i < SEQUENCES; i += 1) {
    const { excess, givenBack } = await run(random, (SETS[name] as (typeof SETS)[string])(random), settle);
    sum.excess += excess;
    sum.givenBack += givenBack;
  }
  return sum;
}

describe.each(Object.keys(SETS))("%s: reservations that are settled late, in any order, or never", (name) => {
  test("never more is admitted than the definition allows of what was really used", async () => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    const { excess, givenBack } = await runAll(name, seed, (_limiter, reservation, _cost, actual) =>
      reservation.settle(actual),
    );
    expect(excess, `seed ${seed}`).toBe(0);
    expect(givenBack).toBeGreaterThan(500);
  });

  test("refunds that don't say of what would admit too much", async () => {
    const { excess } = await runAll(name, 1, (limiter, _reservation, cost, actual) =>
      actual > cost ? limiter.charge("k", actual - cost) : limiter.refund("k", cost - actual),
    );
    expect(excess).toBeGreaterThan(0);
  });
});

test("a settled window is to the unit what it would be if only what was used had been taken", async () => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  const random = randomFrom(seed);
  for (let i = 0; i < 200; i += 1) {
    const name = random.pick(["fixed window", "sliding window"]);
    const [policy] = (SETS[name] as (typeof SETS)[string])(random) as [Policy];
    const clock = { now: MIDNIGHT + random.below(20_000) };
    const [reserving, exact] = ["reserving", "exact"].map((name) =>
      createLimiter({ name, store: memoryStore(), policies: [policy], now: () => clock.now }),
    ) as [Limiter, Limiter];
    const cost = 1 + random.below(8);
    const actual = random.below(cost + 1);
    const reservation = await reserving.reserve("k", { cost });
    await exact.charge("k", actual);
    clock.now += random.below(2 * policy.windowMs);
    await reserving.charge("k", 5);
    await exact.charge("k", 5);
    clock.now += random.below(policy.windowMs);
    await reservation.settle(actual);
    const [a, b] = [known(await reserving.peek("k")), known(await exact.peek("k"))];
    expect(a.remaining, `seed ${seed}, round ${i}: ${name}, ${actual} of ${cost}`).toBe(b.remaining);
  }
});

test("allOf: every level keeps its definition, alone and together", async () => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  const random = randomFrom(seed);
  let givenBack = 0;
  for (let i = 0; i < SEQUENCES; i += 1) {
    let now = MIDNIGHT + random.below(20_000);
    const store = memoryStore();
    const policies = (SETS["policy set"] as (typeof SETS)[string])(random).slice(0, 2) as [Policy, Policy];
    const [a, b] = policies.map((policy, i) =>
      createLimiter({ name: `${i}`, store, policies: [policy], now: () => now }),
    ) as [Limiter, Limiter];
    const both = allOf({ a, b });
    const uses: Record<"a" | "b", Use[]> = { a: [], b: [] };
    const open: (() => Promise<void>)[] = [];
    const longest = Math.max(...policies.map(({ windowMs }) => windowMs));
    for (let step = 0; step < STEPS; step += 1) {
      now += random.next() < 0.05 ? random.below(2 * longest) : random.below(Math.ceil(longest / 8));
      const cost = { a: random.below(6), b: random.below(6) };
      if (random.next() < 0.3) {
        const one = random.pick(["a", "b"] as const);
        const decision = await { a, b }[one].consume("k", { cost: cost[one] });
        if (decision.allowed) uses[one].push({ at: known(decision).at, units: cost[one], isTaken: true });
      } else if (random.next() < 0.5 && open.length > 0) {
        const [settle] = open.splice(random.below(open.length), 1);
        await settle?.();
      } else {
        const reservation = await both.reserve({ a: "k", b: "k" }, { cost });
        if (!reservation.allowed || reservation.source === "fallback") continue;
        const timeOf = (part: Decision | undefined) => (part ? known(part).at : now);
        const taken = { a: timeOf(reservation.parts.a), b: timeOf(reservation.parts.b) };
        const own = (one: "a" | "b") => ({ at: taken[one], units: cost[one], isTaken: true });
        const use = { a: own("a"), b: own("b") };
        uses.a.push(use.a);
        uses.b.push(use.b);
        open.push(async () => {
          const actual = { a: random.below(cost.a + 2), b: random.below(cost.b + 2) };
          const settled = await reservation.settle(actual);
          if (settled.source === "fallback") throw settled.error;
          for (const one of ["a", "b"] as const) {
            use[one].units = Math.min(cost[one], actual[one]);
            givenBack += cost[one] - use[one].units;
            const more = actual[one] - use[one].units;
            if (more > 0) uses[one].push({ at: timeOf(settled.parts[one]), units: more, isTaken: false });
          }
        });
      }
    }
    expect([excesses(policies[0], uses.a), excesses(policies[1], uses.b)], `seed ${seed}`).toEqual([0, 0]);
  }
  expect(givenBack).toBeGreaterThan(500);
});
