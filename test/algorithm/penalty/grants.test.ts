import { afterAll, describe, expect, inject, test } from "vitest";
import { NO_CEILING } from "../../../src/algorithm/algorithm.ts";
import type { PenaltyNumbers, PenaltyTask } from "../../../src/algorithm/penalty.ts";
import { grantsStrikes, grantsWindows, keySet, keySetStrikes, type Script } from "../../../src/algorithm/scripts.ts";
import { StoreError } from "../../../src/core/errors.ts";
import { demandsOf } from "../../../src/limiter/call.ts";
import { askGrants, type GrantRequest } from "../../../src/store/grants.ts";
import { askAll } from "../../../src/store/key-set.ts";
import type { StepRequest } from "../../../src/store/store.ts";
import { MIDNIGHT } from "../../support/clock.ts";
import { GRACE_MS } from "../../support/grace.ts";
import { type Key, load, randomKey, storeOf } from "../../support/keys.ts";
import { randomPenalty, withPenalty } from "../../support/penalties.ts";
import { PLAIN, WITH_CALENDAR } from "../../support/policies.ts";
import { type Random, randomFrom } from "../../support/random.ts";
import { connect, FAR_FUTURE, msOf } from "../../support/redis.ts";

/** What each script takes ahead for, and how many steps show it; left out: the script that the penalty brings. */
const SCRIPTS = [
  { name: "penalty grants", makers: Object.values(PLAIN), steps: 3000 },
  {
    name: "windows taken ahead beside strikes",
    script: grantsWindows,
    makers: Object.values(WITH_CALENDAR),
    steps: 1500,
  },
];
const STEPS_PER_SEQUENCE = 60;

const redis = await connect(inject("redisUrl"));
afterAll(() => redis.disconnect());

const store = storeOf({ run: ({ sha1 }, keys, args) => redis.evalsha(sha1, keys.length, ...keys, ...args) });
const never = AbortSignal.any([]);

type Penalized = Key & { readonly numbers: PenaltyNumbers | undefined };
type Asked = StepRequest & Partial<GrantRequest>;

/** A consume that may ask for more and may bring something back; not yet with the key's penalty. */
function randomRequest(
  random: Random,
  { program, policies, place }: Key,
  now: number,
  brings: boolean,
  script: Script | undefined,
): Asked {
  const costs = policies.map(({ burst }) =>
    random.next() < 0.6 ? 1 : Math.round(random.pick([0.1, 0.4, 1.1]) * burst),
  );
  const demands = demandsOf(program, { policies, costs, maxDelayMs: 0 }, "consume", now);
  const request = { ...(script && { script }), program, key: place, now, demands, spare: random.pick([0, 1, 3, 50]) };
  if (!brings || random.next() < 0.2) return request;
  const back = demands.map(({ windowMs = 1 }, i) => random.below(1 + (policies[i]?.burst ?? 0)) * windowMs);
  return { ...request, back, since: now - random.below(9000) };
}

/** What remains of a key, with its end: from then on it stays. */
async function taken(key: string): Promise<readonly [value: Buffer | null, end: number]> {
  const replies = await redis.multi().getBuffer(key).pexpiretime(key).pexpireat(key, FAR_FUTURE).exec();
  const [value, end] = (replies ?? []).map(([, reply]) => reply);
  return [value as Buffer | null, end as number];
}

/** Without a block that no longer counts: the shadow, which is written twice, has left that out by then. */
function counting(value: Buffer | null, now: number, numbers: PenaltyNumbers | undefined): Buffer | null {
  if (!value || !numbers || value[0] !== 255 || value.length < 15) return value;
  const [steps = 0, end] = [value[7], value.readUIntBE(8, 6)];
  return end + steps * numbers.within > now ? value : Buffer.from(value).fill(0, 7, 14);
}

/** When a strike stops to count, the block ends, or a step of it is forgotten. */
function turnsOf(value: Buffer | null, { within }: PenaltyNumbers): number[] {
  if (value?.[0] !== 255 || value.length < 15) return [];
  const end = value.readUIntBE(8, 6);
  const strikes = Array.from({ length: value[14] ?? 0 }, (_, i) => value.readUIntBE(15 + 6 * i, 6));
  return [...strikes.map((at) => at + within), ...(end > 0 ? [end, end + within] : [])];
}

const clock = async () => msOf(`${await redis.time()}`.split(","));

function sound<Reply>(reply: Reply | StoreError): Reply {
  if (reply instanceof StoreError) throw reply;
  return reply;
}

describe.each(SCRIPTS)("$name", ({ script, makers, steps: many }) => {
  test("what comes back, then the call with what was granted: replies, bytes and ends by key-set-strikes.lua", async () => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    const random = randomFrom(seed);
    const seen = { admitted: 0, granted: 0, begun: 0, blocked: 0, deniedWithBack: 0 };
    for (let steps = 0; steps < many; steps += STEPS_PER_SEQUENCE) {
      const keys = Array.from({ length: random.pick([1, 1, 2, 3]) }, (_, i): Penalized => {
        const numbers = i === 0 || random.next() < 0.7 ? randomPenalty(random) : undefined;
        return { ...randomKey(random, makers), numbers };
      });
      await load(redis, keys, script ?? grantsStrikes, keySetStrikes, keySet);
      let now = MIDNIGHT + random.below(60_000);
      let latest = now;
      let turns: number[] = [];
      for (let i = 0; i < STEPS_PER_SEQUENCE; i += 1) {
        now += random.pick([0, 0, 1, random.below(60), random.below(900), random.below(20_000), -random.below(3000)]);
        if (turns.length > 0 && random.next() < 0.15) now = random.pick(turns) - random.pick([0, 0, 1]);
        turns = [];
        latest = Math.max(latest, now);
        // What comes back may leave nothing, which from a clock further ahead than the grace the shadow's second step forgets.
        const brings = random.next() < 0.4 && now >= latest - GRACE_MS;
        const chosen = keys.filter((_, k) => k === 0 || random.next() < 0.8);
        const task: PenaltyTask = random.pick(["strike", "strike", "strike", "look", "book"]);
        const where = `seed ${seed}, step ${steps + i}: ${task} at ${now} on ${chosen.map(({ program }) => program.kind)}`;
        const of = <Request extends StepRequest>(k: number, request: Request, task: PenaltyTask): Request => {
          const numbers = chosen[k]?.numbers;
          return numbers ? withPenalty(request, task, numbers) : request;
        };
        const requests = chosen.map((key) => randomRequest(random, key, now, brings, script));
        const from = await clock();
        const own = sound(
          await askGrants(
            store,
            requests.map((request, k) => of(k, request, task)),
            never,
          ),
        );

        const shadows = requests.map((request, k): Asked => ({ ...request, key: (chosen[k] as Key).shadow }));
        for (const [k, { back, since, ...shadow }] of shadows.entries()) {
          if (!since) continue;
          const demands = shadow.demands.map((demand, p) => ({
            ...demand,
            delta: -(back?.[p] ?? 0),
            since,
            ceiling: NO_CEILING,
          }));
          sound(await askAll(store, [of(k, { ...shadow, demands }, "book")], never));
        }
        const calls = shadows.map((shadow, k) => {
          const times = 1 + (own.replies[k]?.granted ?? 0);
          const demands = shadow.demands.map((demand) => ({ ...demand, delta: demand.delta * times }));
          return of(k, { ...shadow, demands }, task);
        });
        const shadow = sound(await askAll(store, calls, never));
        const slack = (await clock()) - from;

        expect(own.allowed, where).toBe(shadow.allowed);
        own.replies.forEach(({ allowed, state, blockedUntil }, k) => {
          const { replies } = shadow;
          expect({ allowed, state, blockedUntil }, where).toEqual({ blockedUntil: undefined, ...replies[k] });
        });
        for (const { place, shadow, numbers } of chosen) {
          const [[value, end], [shadowValue, shadowEnd]] = [await taken(place), await taken(shadow)];
          expect(counting(value, now, numbers), where).toEqual(counting(shadowValue, now, numbers));
          expect(Math.abs(end - shadowEnd), where).toBeLessThanOrEqual(slack);
          if (numbers) turns.push(...turnsOf(value, numbers));
          if (value) await redis.copy(place, shadow, "REPLACE");
        }
        const untils = own.replies.map(({ blockedUntil = 0 }) => blockedUntil);
        seen.admitted += Number(own.allowed);
        seen.granted += Number(own.replies.some(({ granted }) => granted > 0));
        seen.begun += Number(untils.some((until) => until < 0));
        seen.blocked += Number(untils.some((until) => until > 0));
        seen.deniedWithBack += Number(!own.allowed && requests.some(({ since }) => since));
      }
      await redis.del(keys.flatMap(({ place, shadow }) => [place, shadow]));
    }
    for (const count of Object.values(seen)) expect(count, JSON.stringify(seen)).toBeGreaterThan(many / 100);
  }, 180_000);
});
