import type { Decision } from "../../core/decision.ts";
import type { StoreErrorKind } from "../../core/errors.ts";
import type { StoreEvent } from "../../core/event.ts";
import type { Outcome } from "../verdict.ts";
import { listIn, type StoredHour } from "./hour.ts";
import { BOUNDS_MS } from "./latency.ts";
import { mergedLists, NO_KEYS, type TopList } from "./top-list.ts";

/** So many calls came to this. */
export interface CallCount {
  /** The policy that binds, as in a decision's `policy`; `""` where there is no telling. */
  readonly policy: string;
  readonly outcome: Outcome;
  readonly source: Decision["source"];
  readonly count: number;
}

/** So many requests to a store. */
export interface RequestCount {
  readonly purpose: StoreEvent["purpose"];
  readonly count: number;
  /** How many of them failed, by kind. */
  readonly failed: Readonly<Record<StoreErrorKind, number>>;
}

/** So many requests took longer than the class before and at most `upToMs`; the last class, `Infinity`, has no end. */
export interface LatencyClass {
  readonly upToMs: number;
  readonly count: number;
}

/** What limiters came to in a span of time. */
export interface AnalyticsFigures {
  /** Each `consume`, `wait` and `reserve` once; looking, booking and giving back decide nothing. */
  readonly calls: readonly CallCount[];
  /**
   * Of these calls those of an `allOf` in which another limiter binds, and counts them, too: where all its limiters have `analytics`,
   * the calls of several limiters less these are each call once. Their `policy` is `""`.
   */
  readonly beside: readonly CallCount[];
  /** By kind of the error: how many of these the store could not answer. */
  readonly errors: Readonly<Record<StoreErrorKind, number>>;
  readonly requests: readonly RequestCount[];
  /** How long the store took, requests of analytics left out. */
  readonly latency: readonly LatencyClass[];
  /** The keys asked for most often. */
  readonly asked: TopList;
  /** The keys denied most often. */
  readonly denied: TopList;
}

const noErrors = (): Record<StoreErrorKind, number> => ({ timeout: 0, network: 0, auth: 0, reply: 0 });

/** The figures of stored hours, taken together. */
export function figuresOf(hours: readonly StoredHour[]): AnalyticsFigures {
  const sums = new Map<string, number>();
  for (const hour of hours) {
    for (const [name, count] of Object.entries(hour.sums)) sums.set(name, (sums.get(name) ?? 0) + count);
  }
  const calls: CallCount[] = [];
  const beside: CallCount[] = [];
  const errors = noErrors();
  const requests = new Map<string, { purpose: StoreEvent["purpose"]; count: number; failed: typeof errors }>();
  const latency = BOUNDS_MS.map((upToMs) => ({ upToMs, count: 0 }));
  const requestOf = (purpose: string) => {
    const known = requests.get(purpose) ?? { purpose: purpose as StoreEvent["purpose"], count: 0, failed: noErrors() };
    requests.set(purpose, known);
    return known;
  };
  // Redis keeps names in no order.
  for (const [name, count] of [...sums].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const [what = "", which = "", ...rest] = name.split(" ");
    const last = rest.join(" ");
    if (what === "error") errors[which as StoreErrorKind] += count;
    else if (what === "request") requestOf(which).count += count;
    else if (what === "failure") requestOf(which).failed[last as StoreErrorKind] += count;
    else if (what === "beside") {
      beside.push({ policy: "", outcome: which as Outcome, source: rest[0] as Decision["source"], count });
    } else if (what === "ms") {
      const found = latency.find(({ upToMs }) => String(upToMs) === which);
      if (found) found.count += count;
    } else calls.push({ policy: last, outcome: what as Outcome, source: which as Decision["source"], count });
  }
  const listOf = (name: "asked" | "denied") => hours.map(({ tops }) => listIn(tops[name])).reduce(mergedLists, NO_KEYS);
  return {
    calls,
    beside,
    errors,
    requests: [...requests.values()].sort((a, b) => (a.purpose < b.purpose ? -1 : 1)),
    latency,
    asked: listOf("asked"),
    denied: listOf("denied"),
  };
}
