import type { Decision } from "../../../src/core/decision.ts";
import type { Limiter } from "../../../src/limiter/limiter.ts";
import { TWINS, type Twin } from "../redis/twin.ts";
import { plainLimiter, plainOrder, plainSet } from "../world/limiter.ts";
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

/** Of several in order, the next one gets back what the first had taken, and books what is spent beyond that. */
export const bookingWithTheNext: SetMaker = (limiters, parts) => {
  const all = Object.keys(limiters).length;
  const whole = plainOrder(limiters, parts);
  const next = <Options extends object>(options: Options | undefined): Options => {
    const since = (options as { since?: Decision & { readonly member: number } } | undefined)?.since;
    return { ...options, since: since && { ...since, member: (since.member + 1) % all } } as never;
  };
  return {
    ...whole,
    refund: (key, cost, options) => whole.refund(key, cost, next(options)),
    charge: (key, cost, options) => whole.charge(key, cost, next(options)),
  };
};

/** Of several as one, the first alone gets back what was taken. */
export const refundingOne: SetMaker = (limiters, parts) => ({
  ...plainSet(limiters, parts),
  async refund(key, cost, options) {
    const [[name, limiter] = []] = Object.entries(limiters);
    const since = options?.since as { readonly parts?: Readonly<Record<string, Decision>> } | undefined;
    const own = (key as Readonly<Record<string, string>>)[name ?? ""] ?? "";
    return (limiter as Limiter).refund(own, cost, { since: since?.parts?.[name ?? ""] });
  },
});

/** Of several in order, the next one is asked, too, where the first has admitted. */
export const askingOn: SetMaker = (limiters, parts) => {
  const whole = plainOrder(limiters, parts);
  return {
    ...whole,
    async consume(key, options) {
      const decision = await whole.consume(key, options);
      const [, [name, next] = []] = Object.entries(limiters);
      if (decision.allowed && name) await next?.consume(typeof key === "string" ? key : (key[name] ?? ""), options);
      return decision;
    },
  };
};

/** Of several in order, only the first is asked. */
export const askingTheFirst: SetMaker = (limiters, parts) =>
  plainOrder(Object.fromEntries(Object.entries(limiters).slice(0, 1)), parts);

/** The last is asked first. */
export const askingBackwards: SetMaker = (limiters, parts) =>
  plainOrder(Object.fromEntries(Object.entries(limiters).toReversed()), parts);

/** What all deny is let pass by failure mode. */
export const openAfterDenial: SetMaker = (limiters, parts) => {
  const whole = plainOrder(limiters, parts);
  return {
    ...whole,
    async consume(key, options) {
      const decision = await whole.consume(key, options);
      if (decision.allowed || decision.source !== "store") return decision;
      return { ...decision, allowed: true, source: "fallback", error: new Error("away") } as never;
    },
  };
};

/** Of those that deny, the longest wait is told. */
export const toldTheLongest: SetMaker = (limiters, parts) => {
  const whole = plainOrder(limiters, parts);
  return {
    ...whole,
    async consume(key, options) {
      const decision = await whole.consume(key, options);
      return decision.allowed ? decision : { ...decision, retryAfterMs: decision.retryAfterMs + 1000 };
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
