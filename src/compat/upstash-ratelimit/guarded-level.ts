import { type Policy, withLimit } from "../../algorithm/policy.ts";
import { StoreError } from "../../core/errors.ts";
import { MAX_UNITS } from "../../core/whole-number.ts";
import type { Call } from "../../limiter/call.ts";
import type { Level, LevelRequest } from "../../limiter/level.ts";
import { ruleDecision } from "../../rules/rule-decision.ts";
import type { RemoteStore, StepReply } from "../../store/store.ts";
import { isShort, keyDigest } from "../../store/store-key.ts";
import { type Guard, guardedStep, type KnownLimit } from "./guard.ts";
import { thrownUnder } from "./redis.ts";

/** The options of a call with what it looks up before it is counted. */
export interface GuardedOptions {
  readonly guard: Guard;
}

/** What the client threw behind an error of the store. */
const causes = new WeakMap<StoreError, unknown>();

/** What callers of the client itself would have seen. */
export const causeOf = (error: StoreError): unknown => causes.get(error) ?? error;

/** So often a limit may have changed once more while a call asks. */
const MOST_CHANGES = 3;

/**
 * A level whose keys are `prefix:identifier:kind`, whose calls look up what they name in the same request, and whose limit is that
 * which lies in Redis, if there is one: a call that finds another one than it knew has taken nothing, and asks again.
 */
export function guardedLevel(level: Level, prefix: string, limit: KnownLimit | undefined): Level {
  const { policies } = level.options;
  const { kind } = level.program;

  function inForce(call: Call): Call {
    const dynamic = limit && limitIn(limit.text);
    if (dynamic === undefined) return Object.assign(call, { policies, limits: "" });
    return Object.assign(call, { policies: policies.map((policy) => limited(policy, dynamic)), limits: `=${dynamic}` });
  }

  async function asked(call: Call, clock: number, store: RemoteStore, signal: AbortSignal): Promise<StepReply> {
    const guard = guardOf(call);
    for (let changes = 0; changes < MOST_CHANGES; changes += 1) {
      const request = level.request(call, clock);
      if (!limit && guard.values.length === 0) return store.step(request, signal);
      const reply = await guardedStep(store, prefix, request, guard, limit, signal);
      if (reply) return reply;
      if (guard.found.length > 0) return { allowed: false, state: [clock] };
      signal.throwIfAborted();
      inForce(call);
    }
    throw new StoreError("reply", "The limit in Redis changes faster than it can be asked for");
  }

  return {
    ...level,

    placeOf: placeIn(prefix, kind),

    call: (key, place, question) => inForce(level.call(key, place, question)),

    request(call, clock) {
      const request = level.request(call, clock);
      // What brings its own way to ask has been built of the request already.
      const own = request.ask;
      return {
        ...request,
        async ask(store, _requests, signal) {
          try {
            if (own) return await own(store, [request], signal);
            const reply = await asked(call, clock, store, signal);
            return { allowed: reply.allowed, replies: [reply] };
          } catch (error) {
            if (error instanceof StoreError) causes.set(error, thrownUnder(signal) ?? error);
            throw error;
          }
        },
      } satisfies LevelRequest;
    },

    seen(call, reply, askedAt, turn) {
      if (guardOf(call).found.length === 0) return level.seen(call, reply, askedAt, turn);
      return ruleDecision({ id: 0, at: askedAt, what: "block" }, askedAt) as never;
    },
  };
}

/** Where an identifier's state lies: the identifier comes with the prefix before it. */
export const placeIn = (prefix: string, kind: string) => (key: unknown) => {
  const identifier = key as string;
  if (isShort(identifier)) return `${identifier}:${kind}`;
  return keyDigest(identifier).then((text) => `${prefix}#${text}:${kind}`);
};

const guardOf = (call: Call) => (call.options as unknown as GuardedOptions).guard;

/** The limit that a text in Redis says; `undefined` for none, and for what can't be one. */
export function limitIn(text: string): number | undefined {
  const limit = text === "" ? Number.NaN : Number(text);
  return Number.isSafeInteger(limit) && limit >= 0 ? limit : undefined;
}

/** The policy with another limit, from 0; of a bucket that is what it holds, and it refills as before. */
export function limited(policy: Policy, limit: number): Policy {
  const { algorithm, windowMs } = policy;
  const most = Math.min(limit, Math.floor((MAX_UNITS - 1) / windowMs));
  if (algorithm.code === "b") return { ...policy, burst: most };
  return most === 0 ? { ...policy, limit: 0, burst: 0 } : withLimit(policy, most);
}
