import type { DecisionEvent, LimiterEvent, StoreEvent } from "../../core/event.ts";
import { decides } from "../decides.ts";
import { isBeside, verdictOf } from "../verdict.ts";
import { boundOf } from "./latency.ts";
import { createTopKeys, type TopKeys } from "./top-keys.ts";

/** What this isolate saw of a limiter in an hour and has not sent yet. */
export interface Sums {
  readonly limiter: string;
  /** Whole hours since the epoch. */
  readonly hour: number;
  /** When it is to be sent, with the next event from then on. */
  dueAt: number;
  /** By name, as in `"denied store per-minute"`; see figures.ts. */
  readonly counts: Map<string, number>;
  /** Which keys were asked for and which were denied; `undefined` where keys are left out. */
  readonly tops: { readonly asked: TopKeys; readonly denied: TopKeys } | undefined;
}

/** Each policy has a name for every outcome and source; from so many names on, policies not yet seen share those of "". */
const MOST_NAMES = 300;

/** Longer keys are cut to so many UTF-16 units, and those that begin alike count as one. */
const LONGEST_KEY = 96;

export function createSums(limiter: string, hour: number, dueAt: number, withKeys: boolean): Sums {
  const tops = withKeys ? { asked: createTopKeys(), denied: createTopKeys() } : undefined;
  return { limiter, hour, dueAt, counts: new Map(), tops };
}

export function countEvent(sums: Sums, event: LimiterEvent): void {
  if (event.type === "store") countRequest(sums, event);
  else if (decides(event.operation)) countDecision(sums, event);
}

function countDecision(sums: Sums, event: DecisionEvent): void {
  const { decision } = event;
  const { outcome, policy } = verdictOf(event);
  const kind = `${outcome} ${decision.source} `;
  increase(sums, sums.counts.size < MOST_NAMES || sums.counts.has(kind + policy) ? kind + policy : kind);
  if (isBeside(event)) increase(sums, `beside ${kind}`);
  if (decision.error) increase(sums, `error ${decision.error.kind}`);
  if (!sums.tops) return;
  const key = shortened(event.key);
  sums.tops.asked.add(key);
  if (outcome === "denied") sums.tops.denied.add(key);
}

function countRequest(sums: Sums, { purpose, ms, error }: StoreEvent): void {
  increase(sums, `request ${purpose}`);
  if (error) increase(sums, `failure ${purpose} ${error.kind}`);
  // Nobody waits for those of analytics.
  if (purpose !== "analytics") increase(sums, `ms ${boundOf(ms)}`);
}

function increase({ counts }: Sums, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

/** A key as it is counted: lone surrogates can't be written in JSON that every script engine reads. */
export function shortened(key: string): string {
  const short = key.length > LONGEST_KEY ? `${key.slice(0, LONGEST_KEY)}…` : key;
  return short.toWellFormed();
}
