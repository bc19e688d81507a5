import type { ChainableCommander } from "ioredis";
import { afterAll, describe, expect, inject, test } from "vitest";
import { type Demand, NO_CEILING, onlyLook, type Step } from "../../../src/algorithm/algorithm.ts";
import { inFlightStep } from "../../../src/algorithm/in-flight/step.ts";
import { type Program, programFor } from "../../../src/algorithm/program.ts";
import { keySetHolds, type Script } from "../../../src/algorithm/scripts.ts";
import { StoreError } from "../../../src/core/errors.ts";
import { demandsOf } from "../../../src/limiter/call.ts";
import { inFlight } from "../../../src/limiter/in-flight/policy.ts";
import { askAll } from "../../../src/store/key-set.ts";
import type { StepRequest } from "../../../src/store/store.ts";
import { MIDNIGHT } from "../../support/clock.ts";
import { heldIn } from "../../support/held.ts";
import { type Key, numbersIn, randomKey, storeOf } from "../../support/keys.ts";
import { timeKeys, withPassedTime, withTimePassedLast } from "../../support/passed-time.ts";
import { WITH_CALENDAR } from "../../support/policies.ts";
import { type Random, randomFrom } from "../../support/random.ts";
import { connect, FAR_FUTURE, msOf, uniqueName } from "../../support/redis.ts";

const STEPS = 12_000;
const STEPS_PER_SEQUENCE = 300;
const HOLD_MS = 100_000;

const redis = await connect(inject("redisUrl"));
afterAll(() => redis.disconnect());

type Operation = "take" | "peek" | "release" | "extend";

const isHolding = ({ program }: { readonly program: Program }) => program.algorithms[0]?.code === "n";

function holdingKey(limit: number): Key {
  const policies = [inFlight({ limit, hold: HOLD_MS })];
  const place = uniqueName();
  return { policies, program: programFor(policies), place, shadow: `${place}:alone` };
}

function demandOf(random: Random, operation: Operation, limit: number): Demand {
  const id = `hold-${String(random.below(9)).padStart(7, "-")}`;
  const units = random.pick([1, 1, 1, 2, 3, 300]);
  const ceiling = random.pick([limit, limit, limit, Math.max(1, limit - 2), 600]);
  if (operation === "take") return { delta: units, pace: HOLD_MS, ceiling, id };
  if (operation === "peek") return { delta: units, pace: HOLD_MS, ceiling: onlyLook(ceiling) };
  return { delta: operation === "release" ? -units : 0, pace: HOLD_MS, ceiling: NO_CEILING, id };
}

function requestOf(random: Random, key: Key, now: number, operation: Operation): StepRequest {
  const { program, policies, place } = key;
  if (isHolding(key)) {
    return { program, key: place, now, demands: [demandOf(random, operation, policies[0]?.limit ?? 0)] };
  }
  const costs = policies.map(({ burst }) => random.pick([0, 1, 1, 2, Math.round(burst / 2)]));
  const task = operation === "peek" ? "peek" : "consume";
  return { program, key: place, now, demands: demandsOf(program, { policies, costs, maxDelayMs: 0 }, task, now) };
}

const digests = new Map<string, string>();
async function digestOf(text: string): Promise<string> {
  const sha1 = digests.get(text) ?? ((await redis.script("LOAD", text)) as string);
  digests.set(text, sha1);
  return sha1;
}

/** A key's own script on one place, with its clock passed where it may ask for it. */
async function ownCall(place: string, { program, now, demands }: StepRequest, time: number) {
  const [{ id } = {} as Demand] = demands;
  const args = [...program.args(now, demands), ...(id === undefined ? [] : [id])];
  const holds = isHolding({ program });
  const sha1 = await digestOf(holds ? withPassedTime(program.script.text) : program.script.text);
  const keys = holds ? [place, ...timeKeys(time)] : [place];
  return (transaction: ChainableCommander) => transaction.evalsha(sha1, keys.length, ...keys, ...args);
}

describe("key set holds", () => {
  test("alone and together, mixed: replies, bytes and ends are those of each key's own script, one call after the other", async () => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    const random = randomFrom(seed);
    const seen = { held: 0, deniedByWork: 0, deniedByOther: 0, ended: 0, mended: 0, extended: 0, lost: 0, missed: 0 };
    for (let steps = 0; steps < STEPS; steps += STEPS_PER_SEQUENCE) {
      const work = [holdingKey(random.pick([2, 3, 6])), ...(random.next() < 0.5 ? [holdingKey(4)] : [])];
      const others = Array.from({ length: random.pick([0, 1, 2, 3]) }, () =>
        randomKey(random, Object.values(WITH_CALENDAR)),
      );
      const keys = [...work, ...others].sort(() => random.next() - 0.5);
      const kept = new Map<Key, unknown>();
      let time = MIDNIGHT + random.below(60_000);
      for (let i = 0; i < STEPS_PER_SEQUENCE; i += 1) {
        time += random.pick([0, 1, random.below(900), random.below(30_000), random.below(30_000)]);
        if (random.next() < 0.03) time += random.pick([HOLD_MS - 1, HOLD_MS, HOLD_MS + 1]);
        let now = time + random.pick([0, 0, 0, 1, -1, 1000, 1001, -1000]);
        if (random.next() < 0.1) now = time + random.below(4 * HOLD_MS) - 2 * HOLD_MS;
        const operation = random.pick<Operation>([
          "take",
          "take",
          "take",
          "take",
          "peek",
          "release",
          "release",
          "extend",
        ]);
        const among = operation === "take" || operation === "peek" ? keys : work;
        let chosen = random.next() < 0.3 ? [random.pick(work)] : among.filter(() => random.next() < 0.85);
        if (!chosen.some(isHolding)) chosen = [...chosen, work[0] as Key];
        const requests = chosen.map((key) => requestOf(random, key, now, operation));
        const where = `seed ${seed}, step ${steps + i}: ${operation} at ${now}, ${time} on ${chosen.map(({ program }, k) => `${program.kind} ${JSON.stringify(requests[k]?.demands)}`)}`;

        const twinOf = (k: number, demands: readonly Demand[]): Step => {
          const key = chosen[k] as Key;
          if (!isHolding(key)) return key.program.step(kept.get(key), now, demands);
          return inFlightStep(kept.get(key), now, demands[0] as Demand, time);
        };
        const twins = requests.map(({ demands }, k) => twinOf(k, demands));
        const isRelease = operation === "release";
        const allowed = isRelease || twins.every((twin) => twin.allowed);
        const looks = requests.map(({ demands }, k) =>
          twinOf(
            k,
            demands.map((one) => ({ ...one, ceiling: one.ceiling < 0 ? one.ceiling : onlyLook(one.ceiling) })),
          ),
        );
        // What each key's own script would have to be asked: all of them, or of a denial those that mend their ends.
        const mends = (k: number) => isHolding(chosen[k] as Key) && operation === "take" && !twins[k]?.allowed;
        const own = chosen.filter((_, k) => allowed || mends(k));
        const calls = await Promise.all(
          own.map((key) => ownCall(key.shadow, requests[chosen.indexOf(key)] as StepRequest, time)),
        );
        chosen.forEach((key, k) => {
          const before = kept.get(key) as { holds?: unknown[] } | undefined;
          const after = own.includes(key) && operation !== "peek" ? twins[k]?.kept : before;
          seen.mended += Number(!allowed && isHolding(key) && after !== before);
          seen.ended += Number(
            allowed &&
              operation === "take" &&
              isHolding(key) &&
              (before?.holds?.length ?? 0) > ((after as typeof before)?.holds?.length ?? 0),
          );
          kept.set(key, after);
        });
        const deniedBy = (holding: boolean) =>
          !allowed && twins.every((twin, k) => twin.allowed || isHolding(chosen[k] as Key) === holding);
        seen.held += Number(allowed && operation === "take" && chosen.length > 1);
        seen.deniedByWork += Number(operation === "take" && deniedBy(true));
        seen.deniedByOther += Number(operation === "take" && deniedBy(false));
        seen.extended += Number(operation === "extend" && allowed);
        seen.lost += Number(operation === "extend" && !allowed);
        seen.missed += Number(isRelease && twins.some((twin) => !twin.allowed));

        async function asked(call: (transaction: ChainableCommander) => unknown) {
          const transaction = redis.multi().time();
          call(transaction);
          for (const call of calls) call(transaction);
          transaction.time();
          for (const { place, shadow } of chosen) {
            for (const one of [place, shadow]) transaction.getBuffer(one).pexpiretime(one).pexpireat(one, FAR_FUTURE);
          }
          const replies = ((await transaction.exec()) ?? []).map(([error, value]) => {
            if (error) throw error;
            return value;
          });
          const [from, reply] = replies;
          const told = replies.slice(2 + calls.length);
          const apartMs = msOf(told.shift()) - msOf(from);
          for (const key of chosen) {
            const [value, end = 0, , shadow, shadowEnd = 0] = told.splice(0, 6) as [Buffer, number, 0, Buffer, number];
            expect(value, where).toEqual(shadow);
            expect(Math.abs(end - shadowEnd), where).toBeLessThanOrEqual(apartMs);
            if (isHolding(key)) expect(heldIn(value), where).toEqual(kept.get(key) ?? { used: 0, holds: [] });
          }
          return reply;
        }

        if (chosen.length === 1 && random.next() < 0.5) {
          const [request, twin] = [requests[0] as StepRequest, twins[0]];
          const reply = await asked(await ownCall(request.key, request, time));
          expect(numbersIn(reply), where).toEqual([Number(twin?.allowed), ...(twin?.state ?? [])]);
          continue;
        }
        const run = async (script: Script, places: readonly string[], args: readonly string[]) => {
          expect(script).toBe(keySetHolds);
          const sha1 = await digestOf(withTimePassedLast(script.text));
          const all = [...places, ...args, ...timeKeys(time)];
          return asked((transaction) => transaction.evalsha(sha1, places.length, ...all));
        };
        const reply = await askAll(storeOf({ run }), requests, AbortSignal.any([]));
        if (reply instanceof StoreError) throw reply;
        expect(reply.allowed, where).toBe(allowed);
        reply.replies.forEach((one, k) => {
          expect(one.allowed, where).toBe(isRelease || (operation === "peek" ? one.allowed : twins[k]?.allowed));
          const twin = (allowed ? twins[k] : looks[k]) as Step;
          const told = one.state.slice(0, twin.state.length);
          // Windows in parts tell all that they have, the twin alone what is needed.
          expect(told, where).toEqual(twin.state);
        });
      }
      await redis.del(keys.flatMap(({ place, shadow }) => [place, shadow]));
    }
    for (const [what, times] of Object.entries(seen)) expect(times, what).toBeGreaterThan(STEPS / 500);
  }, 180_000);

  test("what is nobody's state is read as the key's own script reads it", async () => {
    const key = holdingKey(2);
    const now = MIDNIGHT;
    const late = (ms: number, length: number) => {
      const bytes = Buffer.alloc(length);
      bytes.writeUIntBE(length === 12 ? (now + ms) * 64 : now + ms, 0, 6);
      return bytes;
    };
    const garbage = [
      Buffer.alloc(0),
      Buffer.from("x"),
      late(500, 12),
      late(500, 19),
      late(500, 13),
      Buffer.alloc(22, 255),
      Buffer.alloc(22),
      Buffer.alloc(42, 255),
      Buffer.alloc(2002, "y"),
    ];
    for (const value of garbage) {
      for (const place of [key.place, key.shadow]) await redis.set(place, value, "PX", HOLD_MS);
      const demands = [{ delta: 1, pace: HOLD_MS, ceiling: 2, id: "hold-0000001" }];
      const request = { program: key.program, key: key.place, now, demands };
      const run = async (script: Script, places: readonly string[], args: readonly string[]) =>
        redis.evalsha(
          await digestOf(withTimePassedLast(script.text)),
          places.length,
          ...places,
          ...args,
          ...timeKeys(now),
        );
      const reply = await askAll(storeOf({ run }), [request], AbortSignal.any([]));
      if (reply instanceof StoreError) throw reply;
      const own = redis.pipeline();
      (await ownCall(key.shadow, request, now))(own);
      const [[, alone] = []] = (await own.exec()) ?? [];
      expect([Number(reply.allowed), ...(reply.replies[0]?.state ?? [])], value.toString("hex")).toEqual(alone);
      expect(await redis.getBuffer(key.place)).toEqual(await redis.getBuffer(key.shadow));
      await redis.del(key.place, key.shadow);
    }
  });
});
