import type { Decision } from "../../../src/core/decision.ts";
import { TWINS, type Twin } from "../redis/twin.ts";
import { plainLimiter, plainOrder } from "../world/limiter.ts";
import type { LimiterMaker, SetMaker } from "../world/plan.ts";

/** Today's limiter, whose reservations are settled otherwise. */
const settling =
  (
    settle: (
      book: (units: number, options?: object) => Promise<Decision>,
      left: number,
      decision: Decision,
    ) => Promise<Decision>,
  ): LimiterMaker =>
  (parts) => {
    const limiter = plainLimiter(parts);
    return {
      ...limiter,
      async reserve(key, options) {
        const reservation = await limiter.reserve(key, options);
        const { settle: settleOnce } = reservation;
        const cost = options?.cost as number;
        return Object.assign(reservation, {
          settle: (actual: number) => {
            const left = cost - actual;
            if (left <= 0 || reservation.source !== "store" || !reservation.allowed) return settleOnce(actual);
            return settle((units, more) => limiter.refund(key, units, more), left, reservation);
          },
        });
      },
    };
  };

/** Whoever settles again is settled again. */
export const settlingAgain = settling((refund, left, since) => refund(left, { since }));

/** What is left of a reservation comes back to whatever counts by then: into the next window, and on top of what refilled. */
export const settlingLate = settling((refund, left) => refund(left));

/** A limiter whose reservations are made otherwise. */
const reserving =
  (change: (options: object) => object): LimiterMaker =>
  (parts) => {
    const limiter = plainLimiter(parts);
    return { ...limiter, reserve: (key, options) => limiter.reserve(key, { ...options, ...change(options ?? {}) }) };
  };

/** A scope gives back however late it ends. */
export const endingLate = reserving((options) => ("within" in options ? { within: "1 h" } : {}));

/** A scope gives nothing back. */
export const endingInVain = reserving(() => ({ unsettled: "spent" }));

/** Of several in order, the next one gets back what the first had taken. */
export const refundingTheNext: SetMaker = (limiters, parts) => {
  const all = Object.keys(limiters).length;
  const whole = plainOrder(limiters, parts);
  return {
    ...whole,
    refund(key, cost, options) {
      const since = options?.since as (Decision & { readonly member: number }) | undefined;
      const next = since && Object.assign({ ...since }, { member: (since.member + 1) % all });
      return whole.refund(key, cost, { ...options, since: next });
    },
  };
};

/** Of several in order, the next one is asked, too, where the first has admitted. */
export const askingOn: SetMaker = (limiters, parts) => {
  const whole = plainOrder(limiters, parts);
  return {
    ...whole,
    async consume(key, options) {
      const decision = await whole.consume(key, options);
      const next = Object.values(limiters)[1];
      if (decision.allowed) await next?.consume(key as string, options);
      return decision;
    },
  };
};

/** What comes back counts as taken just now. */
export function givingBackNow(): Twin[] {
  return TWINS.map((twin) => ({
    ...twin,
    run(keyspace, keys, args, now) {
      // For one policy the time when it was taken is the last argument, and there is one number more than without.
      if (args.length !== 5 || !(Number(args[1]) < 0)) return twin.run(keyspace, keys, args, now);
      const execution = twin.run(keyspace, keys, [...args.slice(0, 4), args[0] as string], now);
      return { ...execution, steps: execution.steps.map((step) => ({ ...step, sinces: [Number(args[4])] })) };
    },
  }));
}
