import type { Decision } from "./decision.ts";
import type { StoreError } from "./errors.ts";
import type { LimiterToDescribe } from "./limiter-to-describe.ts";

/** The platform's way to finish work behind an answer, as `ctx.waitUntil` on Workers. */
export type WaitUntil = (task: Promise<unknown>) => void;

/** What a limiter was asked to do. */
export type Operation =
  | "consume"
  | "peek"
  | "refund"
  | "charge"
  | "wait"
  | "reserve"
  | "settle"
  | "hold"
  | "release"
  | "extend"
  | "block";

/** A limiter has decided. */
export interface DecisionEvent {
  readonly type: "decision";
  /** The limiter's name; of an `allOf` the names of its levels, as in `"org+team+user"`. */
  readonly limiter: string;
  readonly operation: Operation;
  /** The key as the caller gave it; of an `allOf` that of the level that binds. */
  readonly key: string;
  readonly decision: Decision;
  /**
   * What several limiters decided together, where the call was one of `allOf`; `decision` is then this limiter's part. Where
   * the isolate knew of the denial without that part, `decision` is the whole, too.
   */
  readonly whole?: Decision;
  /** Ms that the store took; left out if it was not asked. */
  readonly storeMs?: number;
  /** For work of the observer that may end behind the answer; `undefined` where the call brought none. */
  readonly waitUntil: WaitUntil | undefined;
}

/** A limiter has asked its store. */
export interface StoreEvent {
  readonly type: "store";
  /**
   * The limiter's name. A request of an `allOf` is told to its own observers, with the names of its levels, as in `"org+team+user"`, and to
   * those of the first of its limiters that has any, with that one's name.
   */
  readonly limiter: string;
  /**
   * What it asked for: a check, more units behind an answer (`leases`), the rules, to keep what the limiter is for who changes these, a
   * reset, or to keep sums (`analytics`).
   */
  readonly purpose: "check" | "lease" | "rules" | "description" | "reset" | "analytics";
  /** Which database, where the quota is split over `regions`. */
  readonly region?: string;
  /** Ms until the answer, or until it was given up on. */
  readonly ms: number;
  /** Why there was no answer that could be used. */
  readonly error?: StoreError;
}

/** What observers are told: a union on `type`. */
export type LimiterEvent = DecisionEvent | StoreEvent;

/** Sees every event of the limiters that it is given to. What it throws is ignored, and nobody waits for it. */
export interface Observer {
  (event: LimiterEvent): void;
  /** Told of each limiter that it is given to, once, when that is made. */
  onLimiter?(limiter: LimiterToDescribe): void;
}
