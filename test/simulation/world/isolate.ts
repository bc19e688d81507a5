import type { Decision } from "../../../src/core/decision.ts";
import type { Methods } from "../../../src/limiter/methods.ts";
import type { Clock } from "./clock.ts";
import type { CallMade } from "./history.ts";
import type { Stream } from "./random.ts";
import type { Entry } from "./timeline.ts";

/** A limiter's methods, or those of several as one, whose keys are records. */
export type Callable = Methods<string | Readonly<Record<string, string>>, Decision, number>;

/** One instance of the program that limits: it is born, maybe frozen now and then, and ends in the middle of anything. */
export interface Isolate {
  /** In the order of birth, from 1. */
  readonly id: number;
  /** The place that it takes; another isolate takes it after its end. */
  readonly slot: number;
  readonly region: string;
  readonly clock: Clock;
  readonly stream: Stream;
  /** As on Workers: what a request has under way ends with its answer, unless the platform was told to wait for it. */
  readonly endsWithAnswer: boolean;
  /** Whether its platform has `waitUntil`. */
  readonly canWait: boolean;
  /** Whether its client can end a request. */
  readonly heedsSignals: boolean;
  state: "running" | "frozen" | "dead";
  /** What came while it was frozen, in that order. */
  held: Entry<Owner | undefined>[];
  readonly limiters: Map<string, Callable>;
  /** The maps that its code made: what it keeps in memory. */
  readonly maps: WeakRef<ReadonlyMap<unknown, unknown>>[];
}

/** A call under way. */
export interface CallUnderWay extends CallMade {
  readonly stream: Stream;
  /** Timers set and not yet over. */
  timers: number;
  /** Promises that the platform was told to wait for. */
  tasks: number;
  isAnswered: boolean;
}

/** Who runs, or is to run: an isolate's code for one call, or without one where it is made; undefined for the world's own. */
export interface Owner {
  readonly isolate: Isolate;
  readonly call: CallUnderWay | undefined;
}

/** Whether a call's timers and replies are still heard. */
export function isOver(call: CallUnderWay, { endsWithAnswer }: Isolate): boolean {
  return endsWithAnswer && call.isAnswered && call.tasks === 0;
}
