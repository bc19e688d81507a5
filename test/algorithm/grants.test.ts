import type { ChainableCommander } from "ioredis";
import { afterAll, describe, expect, inject, test } from "vitest";
import { grants, grantsWindows, type Script } from "../../src/algorithm/scripts.ts";
import { StoreError } from "../../src/core/errors.ts";
import { demandsOf } from "../../src/limiter/call.ts";
import { askGrants, type GrantRequest } from "../../src/store/grants.ts";
import type { StepRequest } from "../../src/store/store.ts";
import { MIDNIGHT } from "../support/clock.ts";
import { GRACE_MS } from "../support/grace.ts";
import { grantsTwin } from "../support/grants-twin.ts";
import { amid, type Key, load, randomKey, stepShadow, storeOf } from "../support/keys.ts";
import { PLAIN, WITH_CALENDAR } from "../support/policies.ts";
import { type Random, randomFrom } from "../support/random.ts";
import { connect, FAR_FUTURE, msOf } from "../support/redis.ts";

/** What each script takes ahead for, and how many steps show it. */
const SCRIPTS = [
  { name: "grants", script: grants, makers: Object.values(PLAIN), steps: 5000 },
  { name: "windows taken ahead", script: grantsWindows, makers: Object.values(WITH_CALENDAR), steps: 3000 },
];
const STEPS_PER_SEQUENCE = 250;

const redis = await connect(inject("redisUrl"));
afterAll(() => redis.disconnect());

/** A consume that may ask for more and may bring something back. */
function randomRequest(
  random: Random,
  { program, policies, place }: Key,
  now: number,
  script: Script,
): StepRequest & Partial<GrantRequest> {
  const share = random.pick([0, 0, 0.02, 0.1, 0.4, 1.1]);
  const costs = policies.map(({ burst }) => (random.next() < 0.6 ? 1 : Math.round(share * burst)));
  const demands = demandsOf(program, { policies, costs, maxDelayMs: 0 }, "consume", now);
  const request = { script, program, key: place, now, demands, spare: random.pick([0, 1, 3, 50]) };
  if (random.next() < 0.6) return request;
  const back = demands.map(({ windowMs = 1 }, i) => random.below(1 + (policies[i]?.burst ?? 0)) * windowMs);
  return { ...request, back, since: now - random.pick([0, random.below(300), random.below(9000), -random.below(400)]) };
}

/** The same as steps of the keys' own scripts, one behind the other. */
function ownSteps(request: StepRequest & Partial<GrantRequest>, allowed: boolean, granted: number): StepRequest[] {
  const { demands, back, since } = request;
  const steps: StepRequest[] = [];
  const changed = (change: (demand: StepRequest["demands"][number], i: number) => object) =>
    steps.push({ ...request, demands: demands.map((demand, i) => ({ ...demand, ...change(demand, i) })) });
  if (since) changed((_demand, i) => ({ delta: -(back?.[i] ?? 0), since, ceiling: 2 ** 1000 }));
  if (allowed) changed(({ delta }) => ({ delta: delta * (1 + granted), ceiling: 2 ** 1000 }));
  return steps;
}

describe.each(SCRIPTS)("$name", ({ script, makers, steps: many }) => {
  test("replies are the twin's; bytes and ends are those of each key's own script, one step after the other", async () => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    const random = randomFrom(seed);
    const seen = { admitted: 0, granted: 0, deniedWithBack: 0, denied: 0 };
    for (let steps = 0; steps < many; steps += STEPS_PER_SEQUENCE) {
      const keys = Array.from({ length: random.pick([1, 1, 1, 2, 3]) }, () => randomKey(random, makers));
      await load(redis, keys, script);
      const kept = new Map<Key, unknown>();
      let now = MIDNIGHT + random.below(60_000);
      let latest = now;
      const checks: Promise<void>[] = [];
      for (let i = 0; i < STEPS_PER_SEQUENCE; i += 1) {
        now += random.pick([0, 0, 1, random.below(60), random.below(900), 5000 * random.below(20), -random.below(900)]);
        const { windowMs } = random.pick(random.pick(keys).policies);
        if (random.next() < 0.15) now += windowMs - (now % windowMs) - random.pick([0, 1]);
        // A key's own steps are two: the first may leave nothing, which from a clock further ahead than the grace the second forgets.
        latest = Math.max(latest, now);
        now = Math.max(now, latest - GRACE_MS);
        const chosen = keys.filter(() => random.next() < 0.8);
        if (chosen.length === 0) continue;
        const requests = chosen.map((key) => randomRequest(random, key, now, script));
        const twin = grantsTwin(
          requests,
          chosen.map((key) => kept.get(key)),
        );
        chosen.forEach((key, k) => {
          const write = twin.keys[k]?.write;
          if (write) kept.set(key, write.kept);
        });
        seen.admitted += Number(twin.allowed);
        seen.granted += Number(twin.keys.some(({ granted }) => granted > 0));
        seen.denied += Number(!twin.allowed);
        seen.deniedWithBack += Number(!twin.allowed && twin.keys.some(({ write }) => write));
        const where = `seed ${seed}, step ${steps + i}, at ${now} on ${chosen.map(({ program }) => program.kind)}`;
        const shadows = requests.map((request, k) => ownSteps(request, twin.allowed, twin.keys[k]?.granted ?? 0));
        const before = (transaction: ChainableCommander) => transaction.time();
        const after = (transaction: ChainableCommander) => {
          chosen.forEach((key, k) => {
            for (const step of shadows[k] ?? []) stepShadow(transaction, key, step);
          });
          transaction.time();
          for (const { place, shadow } of chosen) {
            for (const one of [place, shadow]) transaction.getBuffer(one).pexpiretime(one).pexpireat(one, FAR_FUTURE);
          }
        };
        const compare = (replies: readonly unknown[]) => {
          const [from, , ...rest] = replies;
          const [to, ...told] = rest.slice(shadows.flat().length);
          const spanMs = msOf(`${to}`.split(",")) - msOf(`${from}`.split(","));
          for (const [k] of chosen.entries()) {
            const [value, end = 0, , shadow, shadowEnd = 0] = told.splice(0, 6) as [Buffer, number, 0, Buffer, number];
            expect(value, where).toEqual(shadow);
            if (twin.keys[k]?.write) expect(Math.abs(end - shadowEnd), where).toBeLessThanOrEqual(spanMs);
            else expect(end, where).toBe(shadowEnd);
          }
        };
        const asked = askGrants(storeOf(amid(redis, before, after, compare)), requests, AbortSignal.any([])).then(
          (reply) => {
            if (reply instanceof StoreError) throw reply;
            expect(reply.allowed, where).toBe(twin.allowed);
            expect(
              reply.replies.map(({ granted, state }) => ({ granted, state })),
              where,
            ).toEqual(twin.keys.map(({ granted, state }) => ({ granted, state })));
          },
        );
        checks.push(asked);
      }
      await Promise.all(checks);
      await redis.del(keys.flatMap(({ place, shadow }) => [place, shadow]));
    }
    expect(seen.admitted).toBeGreaterThan(many / 10);
    expect(seen.granted).toBeGreaterThan(many / 20);
    expect(seen.denied).toBeGreaterThan(many / 20);
    expect(seen.deniedWithBack).toBeGreaterThan(many / 50);
  }, 180_000);
});
