import { type Algorithm, onlyLook } from "../algorithm.ts";
import { inFlight, keySetHolds } from "../scripts.ts";
import { inFlightStep } from "./step.ts";

/**
 * Work in flight: units that are held until they are released, and no longer than a hold lasts (`pace`, the policy's
 * `windowMs`). Its counts are what the script replies: the units held, when the last hold ends, and the hold that has to end for
 * the denied call to pass, or the first: when it does, and what is free before and after that; of a call that takes nothing last
 * what its own hold has, which it would replace.
 */
export const inFlightAlgorithm: Algorithm = {
  script: inFlight,
  set: keySetHolds,
  code: "n",
  size: 6,
  step: inFlightStep,

  follows([used = -1, last = -1, leaves = -1, from = -1, to = -1, own = -1], at, { delta, ceiling, id }, allowed) {
    if (Math.min(used, last, leaves, from, to, own) < 0 || (used > 0 && last === 0)) return false;
    const takes = delta > 0 || id === undefined;
    if (allowed || !takes) return !allowed || !takes || (id !== undefined && used >= delta);
    const most = ceiling < 0 ? onlyLook(ceiling) : ceiling;
    const need = used - own + delta - most;
    // A call that only looks is denied whatever it finds, one for more than the limit with nobody to wait for.
    if (need <= 0 || (own > 0 && delta <= own)) return ceiling < 0;
    return delta > most || leaves > at;
  },

  admits([used = 0, , , , , own = 0], { delta, ceiling }) {
    if (delta <= 0) return delta < 0 || own > 0;
    return delta <= own || used - own + delta <= ceiling;
  },

  advance(counts, _from, to) {
    const [, , leaves = 0] = counts;
    // From then on nobody here knows what is held, and what is not a number denies nothing.
    return leaves > 0 && leaves <= to ? [Number.NaN, ...counts.slice(1)] : counts;
  },
  add: ([used = 0, ...rest], delta) => [used + delta, ...rest],
  load: ([used = 0]) => used,
  lifeMs: ([, last = 0], at) => Math.max(1, last - at),

  demand: ({ limit, windowMs }, cost) => ({ delta: cost, pace: windowMs, ceiling: limit }),
  remaining: ([used = 0], _at, { limit }) => Math.max(0, limit - used),
  retryAfterMs([used = 0, , leaves = 0, from = 0, to = 0, own = 0], at, { limit }, cost) {
    const need = used - own + cost - limit;
    if (need <= 0 || (own > 0 && cost <= own)) return 0;
    if (cost > limit) return Infinity;
    return need > from && need <= to ? leaves - at : Number.NaN;
  },
};
