import type { ChainableCommander } from "ioredis";
import { afterAll, describe, expect, inject, test } from "vitest";
import type { Demand, State } from "../../../src/algorithm/algorithm.ts";
import type { PenaltyNumbers, PenaltyTask } from "../../../src/algorithm/penalty.ts";
import { keySetStrikes } from "../../../src/algorithm/scripts.ts";
import { StoreError } from "../../../src/core/errors.ts";
import { demandsOf, type Task } from "../../../src/limiter/call.ts";
import { askAll } from "../../../src/store/key-set.ts";
import type { StepReply, StepRequest } from "../../../src/store/store.ts";
import { MIDNIGHT } from "../../support/clock.ts";
import { GRACE_MS } from "../../support/grace.ts";
import { amid, type Key, load, randomKey, stepShadow, storeOf } from "../../support/keys.ts";
import { randomPenalty, withPenalty } from "../../support/penalties.ts";
import { type PenaltyDefinition, penaltyDefinition } from "../../support/penalty-definition.ts";
import { PLAIN, WITH_CALENDAR } from "../../support/policies.ts";
import { type Random, randomFrom } from "../../support/random.ts";
import { connect, FAR_FUTURE, msOf } from "../../support/redis.ts";

const STEPS = 10_000;
const STEPS_PER_SEQUENCE = 200;

const redis = await connect(inject("redisUrl"));
afterAll(() => redis.disconnect());

const MAKERS = [PLAIN, WITH_CALENDAR].map((makers) => Object.values(makers));

/** A key, and its penalty if it has one. */
interface Watched extends Key {
  numbers: PenaltyNumbers | undefined;
  readonly definition: PenaltyDefinition;
  /** The counts, as the twin keeps them. */
  counts: State | undefined;
  /** What the twin keeps. */
  kept?: unknown;
  /** By how long the value says that its key outlives the counts. */
  beyond?: number;
}

/** What is asked of the store, and of policies and penalty apart. */
interface Asking {
  readonly key: Watched;
  readonly task: PenaltyTask;
  readonly numbers: PenaltyNumbers | undefined;
  readonly request: StepRequest;
}

function askingOf(random: Random, key: Watched, now: number, task: Task, polls: boolean): Asking {
  const { program, policies, place } = key;
  const costs = policies.map(({ burst }) =>
    random.next() < 0.5 ? 1 : Math.round(random.pick([0.2, 0.4, 1.1]) * burst),
  );
  const call = { policies, costs, maxDelayMs: 0 };
  const demands = demandsOf(program, call, task === "block" ? "peek" : task, now);
  const kind: PenaltyTask =
    task === "block" ? "block" : task === "peek" || polls ? "look" : task === "consume" ? "strike" : "book";
  const plain: StepRequest = { program, key: place, now, demands };
  if (!key.numbers) return { key, task: kind, numbers: undefined, request: plain };
  const numbers = task === "block" ? { ...key.numbers, length: random.pick([1, 3000, 90_000]) } : key.numbers;
  return { key, task: kind, numbers, request: withPenalty(plain, kind, numbers) };
}

const nothing = ({ since: _since, ...demand }: Demand): Demand => ({ ...demand, delta: 0, ceiling: Infinity });

describe("penalty", () => {
  test("keys with and without one, alone and together: verdicts, bytes and ends by the definition; the twin agrees", async () => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    const random = randomFrom(seed);
    const seen = { admitted: 0, blocked: 0, begun: 0, strikes: 0, grown: 0 };
    for (let steps = 0; steps < STEPS; steps += STEPS_PER_SEQUENCE) {
      const makers = random.pick(MAKERS);
      const keys = Array.from({ length: random.pick([1, 1, 2, 3]) }, (_, i): Watched => {
        const numbers = i === 0 || random.next() < 0.7 ? randomPenalty(random) : undefined;
        return { ...randomKey(random, makers), numbers, definition: penaltyDefinition(), counts: undefined };
      });
      await load(redis, keys, keySetStrikes);
      let now = MIDNIGHT + random.below(60_000);
      for (let i = 0; i < STEPS_PER_SEQUENCE; i += 1) {
        now += random.pick([0, 1, random.below(60), random.below(900), random.below(20_000), -random.below(1500)]);
        if (random.next() < 0.02) now += random.pick([3_600_000, 7_200_000, -3_600_000]);
        const turns = keys.flatMap(({ definition, numbers }) => (numbers ? definition.turns(numbers) : []));
        if (turns.length > 0 && random.next() < 0.15) now = random.pick(turns) - random.pick([0, 0, 1]);
        const task = random.pick<Task>([
          "consume",
          "consume",
          "consume",
          "consume",
          "peek",
          "refund",
          "charge",
          "block",
        ]);
        const chosen = task === "block" ? keys.slice(0, 1) : keys.filter((_, k) => k === 0 || random.next() < 0.7);
        // Its numbers may change without losing anything.
        for (const key of chosen) if (key.numbers && random.next() < 0.01) key.numbers = randomPenalty(random);
        const polls = task === "consume" && random.next() < 0.1;
        const asked = chosen.map((key) => askingOf(random, key, now, task, polls));
        const where = `seed ${seed}, step ${steps + i}: ${task} at ${now} on ${chosen.map(({ program }) => program.kind)}`;

        const alone = asked.map(({ key, request: { demands } }) => key.program.step(key.counts, now, demands));
        const blocked = asked.map(({ key, task, numbers }) => {
          return numbers !== undefined && task !== "book" && (task === "block" || key.definition.isBlocked(now));
        });
        const allowed = alone.every((step, k) => step.allowed && !blocked[k]);
        const writes = asked.map(({ key, task, numbers }, k) => {
          return numbers !== undefined && key.definition.call(now, task, !alone[k]?.allowed, numbers);
        });
        const untils = asked.map(({ key, numbers }, k) => {
          const begins = writes[k] && key.definition.end > now;
          return blocked[k] || begins ? (begins ? -1 : 1) * key.definition.end : numbers && undefined;
        });
        seen.admitted += Number(allowed);
        seen.blocked += Number(blocked.includes(true));
        seen.strikes += writes.filter(Boolean).length;
        seen.begun += untils.filter((until = 0) => until < 0).length;
        seen.grown += Number(asked.some(({ key }) => (key.definition.bytes()[7] ?? 0) > 1));
        const before = asked.map(({ key, request: { demands } }) =>
          key.program.step(key.counts, now, demands.map(nothing)),
        );
        const ahead = asked.map(({ key }) => key.counts !== undefined && key.counts[0] > now + GRACE_MS);

        const shadows: Buffer[] = [];
        const around = amid(
          redis,
          (transaction) => {
            for (const { key } of asked) transaction.getBuffer(key.shadow);
            transaction.time();
          },
          (transaction: ChainableCommander) => {
            if (allowed)
              for (const { key, request } of asked) stepShadow(transaction, key, { ...request, program: key.program });
            transaction.time();
            for (const { key } of asked) {
              transaction.getBuffer(key.shadow).pexpiretime(key.shadow).pexpireat(key.shadow, FAR_FUTURE);
              transaction.getBuffer(key.place).pexpiretime(key.place).pexpireat(key.place, FAR_FUTURE);
            }
          },
          (replies) => {
            const told = [...replies];
            shadows.push(...(told.splice(0, asked.length) as Buffer[]));
            const from = msOf(`${told.shift()}`.split(","));
            told.splice(0, allowed ? 1 + asked.length : 1);
            const slack = msOf(`${told.shift()}`.split(",")) - from;
            asked.forEach(({ key, numbers }, k) => {
              const [shadow, countsEnd, , value, end] = told.splice(0, 6) as [
                Buffer | null,
                number,
                0,
                Buffer | null,
                number,
              ];
              if (!allowed && !writes[k]) return;
              const countsMs = allowed ? countsEnd - from : shadow === null ? 0 : (before[k]?.ttlMs ?? 0) + GRACE_MS;
              const lifeMs = numbers ? key.definition.lifeMs(now, numbers) : 0;
              if (!numbers || lifeMs === 0) {
                if (numbers) key.definition.forget();
                key.beyond = 0;
                expect(value, where).toEqual(shadow);
                expect(Math.abs(end - countsEnd), where).toBeLessThanOrEqual(slack);
                return;
              }
              const head = key.definition.bytes();
              const own = value as Buffer;
              expect(own.subarray(head.length), where).toEqual(shadow ?? Buffer.alloc(0));
              const beyond = own.readUIntBE(1, 6);
              const beyondBefore = key.beyond ?? 0;
              key.beyond = beyond;
              own.fill(0, 1, 7);
              expect(own.subarray(0, head.length), where).toEqual(head);
              if (!allowed && ahead[k]) {
                // The counts' own end stays.
                expect(Math.abs(end - beyond - (FAR_FUTURE - beyondBefore)), where).toBeLessThanOrEqual(slack);
                return;
              }
              const due = Math.max(countsMs, lifeMs + GRACE_MS);
              expect(Math.abs(end - from - due), where).toBeLessThanOrEqual(slack);
              expect(Math.abs(due - countsMs - beyond), where).toBeLessThanOrEqual(allowed ? slack : 0);
            });
          },
        );
        const reply = await askAll(
          storeOf(around),
          asked.map(({ request }) => request),
          AbortSignal.any([]),
        );
        if (reply instanceof StoreError) throw reply;
        expect(reply.allowed, where).toBe(allowed);
        reply.replies.forEach((own, k) => {
          expect(own.allowed, where).toBe(alone[k]?.allowed && !blocked[k]);
          expect(own.blockedUntil, where).toBe(untils[k]);
          if (allowed) return;
          // What it replies of a denial is what was there, as of now.
          expect(own.state.slice(0, 2), where).toEqual(before[k]?.state.slice(0, 2));
        });
        asked.forEach(({ key, numbers, request: { program, demands } }, k) => {
          if (!numbers) return;
          const twin = program.step(key.kept, now, demands);
          const own = reply.replies[k] as StepReply;
          expect([twin.allowed, twin.blockedUntil], where).toEqual([own.allowed, own.blockedUntil]);
          if (!allowed && !writes[k]) return;
          if (twin.allowed && !allowed) return;
          key.kept = twin.kept;
          const countsMs = allowed ? alone[k]?.ttlMs : key.counts && before[k]?.ttlMs;
          expect(twin.ttlMs, where).toBe(Math.max(countsMs ?? 0, key.definition.lifeMs(now, numbers)));
        });
        if (allowed) {
          asked.forEach(({ key }, k) => {
            key.counts = alone[k]?.kept as State;
          });
        }
      }
      await redis.del(keys.flatMap(({ place, shadow }) => [place, shadow]));
    }
    for (const count of Object.values(seen)) expect(count, JSON.stringify(seen)).toBeGreaterThan(STEPS / 1000);
  }, 180_000);
});
