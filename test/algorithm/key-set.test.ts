import type { ChainableCommander } from "ioredis";
import { afterAll, describe, expect, inject, test } from "vitest";
import type { State, Step } from "../../src/algorithm/algorithm.ts";
import { parts } from "../../src/algorithm/parts.ts";
import { slidingWindow, tokenBucket } from "../../src/algorithm/policy.ts";
import { argsOfAll, type Program, programFor } from "../../src/algorithm/program.ts";
import { keySet, keySetWindows } from "../../src/algorithm/scripts.ts";
import { StoreError } from "../../src/core/errors.ts";
import { demandsOf, type Task } from "../../src/limiter/call.ts";
import { askAll } from "../../src/store/key-set.ts";
import type { StepRequest } from "../../src/store/store.ts";
import { MIDNIGHT } from "../support/clock.ts";
import { GRACE_MS } from "../support/grace.ts";
import { amid, type Key, load, numbersIn, randomKey, stepShadow, storeOf } from "../support/keys.ts";
import { PLAIN, WITH_CALENDAR } from "../support/policies.ts";
import { type Random, randomFrom } from "../support/random.ts";
import { connect, FAR_FUTURE, msOf, uniqueName } from "../support/redis.ts";

const STEPS = 20_000;
const STEPS_PER_SEQUENCE = 250;

const redis = await connect(inject("redisUrl"));
afterAll(() => redis.disconnect());

/** With any but the plain ones among the keys the script is another one. */
const MAKERS = [PLAIN, WITH_CALENDAR].map((makers) => Object.values(makers));
const OPERATIONS: readonly Task[] = ["consume", "consume", "consume", "consume", "peek", "refund", "charge", "leave"];

function randomRequest(random: Random, { program, policies, place }: Key, now: number, task: Task): StepRequest {
  const share = random.pick([0, 0.1, 0.2, 0.4, 0.4, 1.1]);
  const most = task === "charge" && random.next() < 0.02 ? Number.MAX_SAFE_INTEGER : undefined;
  const costs = policies.map(({ burst }) => {
    // The first cost that takes seven bytes.
    if (burst > 2 ** 24 && random.next() < 0.1) return 2 ** 24;
    return most ?? (random.next() < 0.4 ? 1 : Math.round(share * burst));
  });
  const maxDelayMs = task === "consume" ? random.pick([0, 0, 400]) : task === "leave" ? 400 : 0;
  const { windowMs } = random.pick(policies);
  const start = now - (now % windowMs);
  const lately = [now, now + 1, now - random.below(100), now - random.below(2 * windowMs)];
  const takenAt = random.pick([undefined, ...lately, start, start - windowMs]);
  // A bucket without what is taken is whole by then: before now, or after it.
  const whole = now + random.below(4000) - random.pick([1000, 4000]);
  const taken = random.pick([undefined, { [place]: [whole, ...policies.map(() => 0)] as const }]);
  const call = { policies, costs, maxDelayMs, takenAt, place, taken };
  return { program, key: place, now, demands: demandsOf(program, call, task, now) };
}

/** A step's whole state, as scripts of several keys reply it; alone some algorithms tell less. */
function wholeOf({ algorithms }: Program, { state, kept }: Step): State {
  const [only] = algorithms;
  if (algorithms.length > 1 || !only?.told) return state;
  const numbers = kept as State;
  return [...numbers, ...new Array<number>(1 + only.size - numbers.length).fill(0)] as unknown as State;
}

/** Bytes of lengths that a state may have, and of others; half of them from a time near the call's. */
function garbageFor(random: Random, { algorithms }: Program, now: number): Buffer {
  const inParts = algorithms.length === 1 && algorithms[0]?.code === "p";
  if (inParts && random.next() < 0.5) return garbageParts(random, now);
  const size = algorithms.reduce((sum, { size }) => sum + size, 0);
  const lengths = [0, 6, 9, 11, 12, 12, 12, 19, 19, 20, 20, 6 + 7 * size, 6 + 7 * size];
  const length = random.pick(inParts ? lengths : [...lengths, 17, 25, 41, 49, 49, 49]);
  const bytes = Buffer.from(Array.from({ length }, () => random.pick([0, random.below(256)])));
  if (length < 12 || random.next() < 0.5) return bytes;
  const at = now - random.below(random.pick([400, 4000]));
  // Time takes 42 bits before the six of a count, or all 48.
  const shared = algorithms.length === 1 && "bf".includes(algorithms[0]?.code ?? "");
  bytes.writeUIntBE(shared ? at * 64 + random.pick([0, 32, random.below(64)]) : at, 0, 6);
  return bytes;
}

/**
 * A window in parts from any time. Its parts are in order, have units and add up: the script of such a window alone reads only the
 * parts that it needs, so what it makes of others is not what a script makes that reads all.
 */
function garbageParts(random: Random, now: number): Buffer {
  const at = random.pick([now - random.below(4000), random.below(2 ** 47)]);
  const width = random.pick([3, 7] as const);
  const times = Array.from({ length: random.below(6) }, () => at - random.below(random.pick([1000, 10_000])));
  const parts = times
    .sort((a, b) => a - b)
    .map((time) => ({ time, units: 1 + random.below(random.pick([8, 2 ** 21])) }));
  const bytes = windowInParts(at, parts, width);
  return bytes.subarray(0, bytes.length - random.pick([0, 0, 0, 1 + random.below(7)]));
}

/** What sliding-parts.lua stores of such parts, with `width` bytes for units. */
function windowInParts(
  at: number,
  parts: readonly { readonly time: number; readonly units: number }[],
  width: 3 | 7 = 3,
): Buffer {
  const hex = (value: number, bytes: number) =>
    value
      .toString(16)
      .padStart(14, "0")
      .slice(-2 * bytes);
  const used = parts.reduce((sum, { units }) => sum + units, 0);
  const head = hex(width === 7 ? at + 2 ** 47 : at, 6) + hex(used, width);
  return Buffer.from(head + parts.map(({ time, units }) => hex(time, 5) + hex(units, width)).join(""), "hex");
}

const bytesOf = (places: readonly string[]) => Promise.all(places.map((place) => redis.getBuffer(place)));

describe("key set", () => {
  test("alone and together, mixed: replies, bytes and ends are those of each key's own script, one call after the other", async () => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    const random = randomFrom(seed);
    const seen = { admitted: 0, deniedByOne: 0, alone: 0 };
    for (let steps = 0; steps < STEPS; steps += STEPS_PER_SEQUENCE) {
      const makers = random.pick(MAKERS);
      const keys = Array.from({ length: random.pick([1, 2, 3, 3, 3, 8]) }, () => randomKey(random, makers));
      await load(redis, keys, keySet, keySetWindows);
      const kept = new Map<Key, State>();
      const spans = new Map<Key, number>();
      let now = MIDNIGHT + random.below(60_000);
      const checks: Promise<void>[] = [];
      for (let i = 0; i < STEPS_PER_SEQUENCE; i += 1) {
        now += random.pick([
          0,
          0,
          1,
          random.below(60),
          random.below(900),
          5000 * random.below(20),
          -random.below(1500),
        ]);
        // To a window's last ms, or to the first of the next.
        const { windowMs } = random.pick(random.pick(keys).policies);
        if (random.next() < 0.15) now += windowMs - (now % windowMs) - random.pick([0, 1]);
        if (random.next() < 0.02) now += 3_600_000;
        if (random.next() < 0.02) now -= 3_600_000;
        const task = random.pick(OPERATIONS);
        const chosen = random.next() < 0.4 ? [random.pick(keys)] : keys.filter(() => random.next() < 0.8);
        if (chosen.length === 0) continue;
        const requests = chosen.map((key) => randomRequest(random, key, now, task));
        // A key without an end: what is in it may be from a clock that runs ahead.
        const endless = random.next() < 0.2 ? chosen : [];
        const stored = (key: Key) => {
          const state = kept.get(key);
          return state && endless.includes(key) && state[0] > now + GRACE_MS ? undefined : state;
        };
        const twins = requests.map(({ program, demands }, k) => program.step(stored(chosen[k] as Key), now, demands));
        const looks = requests.map(({ program, demands }, k) => {
          const look = demands.map((demand) => ({ ...demand, ceiling: -1 }));
          return wholeOf(program, program.step(stored(chosen[k] as Key), now, look));
        });
        const allowed = twins.every((twin) => twin.allowed);
        if (allowed) chosen.forEach((key, k) => void kept.set(key, (twins[k]?.kept ?? [now]) as State));
        seen.admitted += Number(allowed);
        seen.deniedByOne += Number(twins.filter((twin) => !twin.allowed).length === 1 && twins.length > 1);
        const where = `seed ${seed}, step ${steps + i}: ${task} at ${now} on ${chosen.map(({ program }) => program.kind)}`;

        const before = (transaction: ChainableCommander) => {
          for (const { place, shadow } of endless) transaction.persist(place).persist(shadow);
          transaction.time();
        };
        const after = (transaction: ChainableCommander) => {
          if (allowed) chosen.forEach((key, k) => void stepShadow(transaction, key, requests[k] as StepRequest));
          transaction.time();
          for (const { place, shadow } of chosen) {
            for (const one of [place, shadow]) transaction.getBuffer(one).pexpiretime(one).pexpireat(one, FAR_FUTURE);
          }
        };
        const compare = (replies: readonly unknown[]) => {
          const told = replies.slice(2 * endless.length);
          const [from] = told.splice(0, 1);
          told.splice(0, allowed ? 1 + chosen.length : 1);
          const [to] = told.splice(0, 1);
          for (const key of chosen) {
            const [value, end = 0, , shadow, shadowEnd = 0] = told.splice(0, 6) as [Buffer, number, 0, Buffer, number];
            expect(value, where).toEqual(shadow);
            if (allowed) spans.set(key, msOf(`${to}`.split(",")) - msOf(`${from}`.split(",")));
            if (allowed) expect(Math.abs(end - shadowEnd), where).toBeLessThanOrEqual(spans.get(key) ?? 0);
            else expect(end, where).toBe(shadowEnd);
          }
        };
        const alone = chosen.length === 1 && random.next() < 0.8;
        if (alone) {
          seen.alone += 1;
          const [{ program, demands }, [twin]] = [requests[0] as StepRequest, twins];
          const step = amid(redis, before, after, (replies, reply) => {
            expect(numbersIn(reply), where).toEqual([Number(allowed), ...(twin?.state ?? [])]);
            compare(replies);
          });
          const args = program.args(now, demands);
          checks.push(step.run?.(program.script, [chosen[0]?.place ?? ""], args, AbortSignal.any([])) as Promise<void>);
        } else {
          const store = storeOf(amid(redis, before, after, compare));
          const asked = askAll(store, requests, AbortSignal.any([])).then((reply) => {
            if (reply instanceof StoreError) throw reply;
            expect(reply.allowed, where).toBe(allowed);
            expect(reply.replies, where).toEqual(
              twins.map((twin, k) => ({
                allowed: twin.allowed,
                state: allowed ? wholeOf((requests[k] as StepRequest).program, twin) : looks[k],
              })),
            );
          });
          checks.push(asked);
        }
      }
      await Promise.all(checks);
      await redis.del(keys.flatMap(({ place, shadow }) => [place, shadow]));
    }
    expect(seen.admitted).toBeGreaterThan(STEPS / 10);
    expect(seen.deniedByOne).toBeGreaterThan(STEPS / 50);
    expect(seen.alone).toBeGreaterThan(STEPS / 10);
  }, 180_000);

  test("what is nobody's state is read as each key's own script reads it", async () => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    const random = randomFrom(seed);
    // Late in a window of every length.
    const NOW = MIDNIGHT + 3499;
    const seen = { admitted: 0, denied: 0 };
    for (let i = 0; i < 1000; i += 1) {
      const makers = random.pick(MAKERS);
      const keys = Array.from({ length: random.pick([1, 2, 3]) }, () => randomKey(random, makers));
      await load(redis, keys, keySet, keySetWindows);
      const garbage = keys.map(({ program }) => garbageFor(random, program, NOW));
      const task = random.pick<Task>(["consume", "consume", "charge", "refund", "peek"]);
      const requests = keys.map((key) => randomRequest(random, key, NOW, task));
      for (const [k, { place, shadow }] of keys.entries()) {
        const px = random.pick([GRACE_MS - 100, 3_600_000]);
        for (const one of [place, shadow]) await redis.set(one, garbage[k] as Buffer, "PX", px);
      }
      const where = `seed ${seed}, round ${i}: ${task} on ${keys.map(({ program }, k) => `${program.kind} with ${garbage[k]?.toString("hex")}`)}`;
      const args = requests.flatMap(({ program: { algorithms }, demands }) => [
        algorithms.length,
        algorithms.reduce((sum, { size }) => sum + size, 0),
        ...argsOfAll(algorithms, demands),
      ]);
      const places = keys.map(({ place }) => place);
      const { sha1 } = keys.find(({ program }) => program.set)?.program.set ?? keySet;
      const reply = await redis.evalsha(sha1, places.length, ...places, NOW, ...(args as string[]));
      const [allowed, ...states] = numbersIn(reply);
      seen[allowed ? "admitted" : "denied"] += 1;
      const own: number[][] = [];
      const bytesAfter = await bytesOf(places);
      if (!allowed) expect(bytesAfter, where).toEqual(garbage);
      for (const [k, { shadow, program }] of keys.entries()) {
        const { now, demands } = requests[k] as StepRequest;
        own.push(numbersIn(await redis.evalsha(program.script.sha1, 1, shadow, ...program.args(now, demands))));
      }
      expect(allowed, where).toBe(Number(own.every(([one]) => one === 1)));
      if (allowed) expect(bytesAfter, where).toEqual(await bytesOf(keys.map(({ shadow }) => shadow)));
      const sizes = keys.map(({ program }) => 1 + program.algorithms.reduce((sum, { size }) => sum + size, 0));
      for (const [k, [one, ...state]] of own.entries()) {
        // A denial tells what was before, which a script that admits does not.
        const whole = sizes[k] ?? 0;
        const told = states.splice(0, whole);
        // Alone parts are told as far as they are needed.
        if (one === allowed) expect(told.slice(0, state.length), where).toEqual(state);
      }
      await redis.del(keys.flatMap(({ place, shadow }) => [place, shadow]));
    }
    expect(seen.admitted).toBeGreaterThan(50);
    expect(seen.denied).toBeGreaterThan(50);
  });

  test("what one policy alone has written is no state of several", async () => {
    const policies = ["a", "b"].map((name) => tokenBucket({ name, limit: 5, window: 1000 }));
    const program = programFor(policies);
    const place = uniqueName();
    const key: Key = { program, policies, place, shadow: `${place}:alone` };
    await load(redis, [key], keySet);
    const now = MIDNIGHT;
    // Used up, by a clock that runs ahead.
    const written = Buffer.alloc(12, 1);
    written.writeUIntBE((now + 5000) * 64, 0, 6);
    for (const one of [place, key.shadow]) await redis.set(one, written, "PX", 3_600_000);
    const demands = demandsOf(program, { policies, costs: [1, 1], maxDelayMs: 0, takenAt: undefined }, "consume", now);
    const args = [now, 2, 2, ...argsOfAll(program.algorithms, demands)].map(String);
    const together = numbersIn(await redis.evalsha(keySet.sha1, 1, place, ...args));
    expect(together).toEqual([1, now, 1000, 1000]);
    expect(numbersIn(await redis.evalsha(program.script.sha1, 1, key.shadow, ...program.args(now, demands)))).toEqual(
      together,
    );
    const [ours, alone] = await bytesOf([place, key.shadow]);
    expect(ours).toEqual(alone);
  });

  test("a window in parts that is full, as many bytes as it can have, and more parts than it can have", async () => {
    const policies = [slidingWindow({ limit: 2 ** 24, window: 60_000, parts: parts(4) })];
    const program = programFor(policies);
    const place = uniqueName();
    const key: Key = { program, policies, place, shadow: `${place}:alone` };
    await load(redis, [key], keySet, keySetWindows);
    let now = MIDNIGHT;
    const both = async (task: Task, cost: number, takenAt?: number) => {
      now += 1;
      const demands = demandsOf(program, { policies, costs: [cost], maxDelayMs: 0, takenAt }, task, now);
      const args = [now, 1, program.algorithms[0]?.size ?? 0, ...argsOfAll(program.algorithms, demands)].map(String);
      const replies = [
        await redis.evalsha(keySetWindows.sha1, 1, place, ...args),
        await redis.evalsha(program.script.sha1, 1, key.shadow, ...program.args(now, demands)),
      ].map(numbersIn);
      const [together = [], alone = []] = replies;
      expect(together.slice(0, alone.length), `${task} ${cost}`).toEqual(alone);
      const [written, byItself] = await bytesOf([place, key.shadow]);
      expect(written, `${task} ${cost}`).toEqual(byItself);
      return together;
    };
    await both("consume", 2 ** 24 - 1);
    await both("consume", 1);
    await both("refund", 1);
    for (let i = 0; i < 6; i += 1) await both("charge", 2 ** 22);
    await both("refund", 2 ** 25);
    for (let i = 0; i < 6; i += 1) await both("charge", 2 ** 22);
    // Five parts, which no window of four has: nobody's state.
    const five = windowInParts(
      now,
      [5, 4, 3, 2, 1].map((ago) => ({ time: now - ago, units: 1 })),
    );
    for (const one of [place, key.shadow]) await redis.set(one, five, "PX", 3_600_000);
    expect(await both("refund", 1, now)).toEqual([1, now, ...new Array(10).fill(0)]);
    await redis.del(place, key.shadow);
  });
});
