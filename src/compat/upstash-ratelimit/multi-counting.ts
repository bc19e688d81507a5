import type { State } from "../../algorithm/algorithm.ts";
import type { Policy } from "../../algorithm/policy.ts";
import { countsOf } from "../../algorithm/step.ts";
import type { KnownDecision } from "../../core/decision.ts";
import type { BringingStore } from "../../limiter/extension.ts";
import type { Level } from "../../limiter/level.ts";
import { type Limiter, limiterOn } from "../../limiter/limiter.ts";
import { checkedOptions } from "../../limiter/options.ts";
import { regions } from "../../limiter/regions/regions.ts";
import { splitPolicies } from "../../limiter/regions/shares.ts";
import { createGenerations } from "../../store/generations.ts";
import { redisStore } from "../../store/redis.ts";
import type { Store } from "../../store/store.ts";
import type { MultiRegionContext } from "./algorithm.ts";
import { type Counting, knownOf, optionsOf, unguarded } from "./counting.ts";
import { guardedLevel, placeIn } from "./guarded-level.ts";
import { createNearest } from "./nearest.ts";
import { clientOf } from "./redis.ts";

/** Identifiers of which this isolate keeps what each database told last. */
const MOST_NOTED = 10_000;

/** What each database told last of an identifier, by its place in the list. */
type Noted = Map<number, State>;

/**
 * Counts on several databases, each of which holds an even share of the quota: see docs/regions.md. The one that answers this isolate
 * fastest is asked first. `timeoutMs`: how long all of them together are waited for.
 */
export function multiCountingOn(ctx: MultiRegionContext, policy: Policy, timeoutMs: number): Counting {
  const contexts = ctx.regionContexts;
  const names = contexts.map((_context, i) => `r${String(i).padStart(2, "0")}`);
  const nearest = createNearest(names);
  const noted = createGenerations<Noted>(MOST_NOTED);
  const stores = contexts.map(({ redis }) => redisStore(clientOf(redis)));
  const shares = splitPolicies(
    [policy],
    names.map(() => 1),
  );
  const limiter = limiterFor();

  function limiterFor(): Limiter {
    const store = regions({
      near: () => nearest.order(),
      stores: Object.fromEntries(names.map((name, i) => [name, stores[i] as Store])),
    });
    const options = checkedOptions({
      name: "upstash-ratelimit",
      store,
      policies: [policy],
      timeoutMs,
      snapshots: ctx.cache !== undefined,
      onEvent: nearest.observe,
    });
    const prefix = contexts[0]?.prefix ?? "";
    const level = (store as Store & BringingStore).level(options);
    const split = level.each?.((own) => noting(guardedLevel(own, prefix, undefined))) ?? level;
    return limiterOn({ ...split, placeOf: placeIn(prefix, split.program.kind) });
  }

  /** The level of a database, which notes what it told. */
  function noting(level: Level): Level {
    const region = stores.indexOf(level.options.store as (typeof stores)[number]);
    return {
      ...level,
      seen(call, reply, askedAt, turn) {
        const states = noted.get(call.key) ?? new Map();
        noted.set(call.key, states.set(region, reply.state));
        return level.seen(call, reply, askedAt, turn);
      },
    };
  }

  /** What each database has left, as far as this isolate has seen; all of its share where it has seen nothing. */
  function left(identifier: string): number[] {
    const now = Date.now();
    return names.map((_name, region) => {
      const share = shares[region]?.[0];
      if (!share) return 0;
      const state = noted.get(identifier)?.get(region);
      if (!state) return share.burst;
      const { algorithm } = share;
      const to = Math.max(now, state[0]);
      const counts = algorithm.advance(countsOf([algorithm], state, 0), state[0], to, algorithm.demand(share, 0, 0));
      return algorithm.remaining(counts, to, share);
    });
  }

  const sum = (units: readonly number[]) => units.reduce((all, own) => all + own, 0);

  /** Asks all databases, since none of them has the whole quota. */
  const lookAtAll = async (identifier: string) =>
    knownOf(await limiter.peek(identifier, { ...unguarded(), cost: policy.limit })) as KnownDecision;

  /** Gives back to the databases where it is in use, as much as is there. */
  async function giveBack(identifier: string, units: number, options: ReturnType<typeof optionsOf>) {
    await lookAtAll(identifier);
    let open = units;
    const at = Date.now();
    const parts = left(identifier).map((own, region) => {
      const back = Math.min(open, (shares[region]?.[0]?.burst ?? 0) - own);
      open -= back;
      return [names[region] as string, { at, units: [back] }] as const;
    });
    const taken = parts.filter(([, { units }]) => units[0] !== 0);
    if (taken.length === 0) return lookAtAll(identifier);
    const since = {
      allowed: true,
      source: "store",
      at,
      regions: Object.fromEntries(taken),
    } as unknown as KnownDecision;
    return knownOf(await limiter.refund(identifier, units - open, { ...options, since }));
  }

  return {
    limit: undefined,
    async take(identifier, rate, taking) {
      const options = optionsOf(taking);
      if (!nearest.isMeasured())
        taking.tasks.push(
          nearest.measure(
            contexts.map(
              ({ redis }) =>
                () =>
                  redis.get("sluice:near"),
            ),
          ),
        );
      if (rate < 0) {
        const decision = await giveBack(identifier, -rate, options);
        return decision && { ...decision, allowed: true, remaining: sum(left(identifier)) };
      }
      const decision = knownOf(await limiter.consume(identifier, { ...options, cost: rate }));
      return decision?.allowed ? { ...decision, remaining: sum(left(identifier)) } : decision;
    },
    async look(identifier) {
      const decision = await lookAtAll(identifier);
      return { ...decision, allowed: true };
    },
    async reset(identifier) {
      noted.delete(identifier);
      await limiter.reset(identifier);
    },
  };
}
