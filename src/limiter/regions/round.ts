import type { KnownDecision } from "../../core/decision.ts";
import type { StoreError } from "../../core/errors.ts";
import type { PolicyInForce } from "../amounts.ts";
import type { Call } from "../call.ts";
import type { Check, Level } from "../level.ts";
import { timeOf } from "../time.ts";
import type { Budget } from "./budget.ts";

/** One database of a limiter that is split over several. */
export interface Region {
  readonly name: string;
  readonly level: Level;
  /** Answers `"fallback"` where it can't be asked. */
  readonly check: Check;
  /** The same, but it asks the database whatever this isolate knows. */
  readonly look: Check;
}

/** What a region told in a call, and of what. */
export interface Seen {
  readonly call: Call;
  readonly decision: KnownDecision;
  /** Whether its store has answered in this call, be it before this. */
  readonly isAsked: boolean;
}

/** One call on several databases. Regions go by their indexes, and the fixed order is that of these. */
export interface Round {
  readonly call: Call;
  /** What it costs each policy: 0 for one that doesn't count it. */
  readonly costs: readonly number[];
  readonly regions: readonly Region[];
  /** The policies as each region has them; `undefined` for one without a part. */
  readonly parts: readonly (readonly PolicyInForce[] | undefined)[];
  /** Those with a part, the nearest first. */
  readonly order: readonly number[];
  /** Those of them whose part can be as much as the call costs. */
  readonly able: readonly number[];
  readonly budget: Budget;
  readonly now: () => number;
  /** What each told last. */
  readonly seen: Map<number, Seen>;
  /** Those that gave no answer: they are not asked again to take. */
  readonly silent: Set<number>;
  /** Why the first one that could not be asked could not be. */
  error: StoreError | undefined;
}

/** What is asked of a region: the call's task, or another, with costs of its own. */
export type OwnCall = Partial<Pick<Call, "task" | "costs" | "maxDelayMs" | "since" | "takenAt">>;

/** The call as it is asked of region `i`. */
export function ownCall({ call, parts }: Round, i: number, own: OwnCall): Call {
  const alone = { maxDelayMs: 0, since: undefined, takenAt: undefined, servedFrom: undefined };
  return { ...call, ...alone, policies: parts[i] ?? call.policies, ...own };
}

/** What a region decides, as far as it can be asked in time; `isLast`: nobody is asked behind it. */
export async function askRegion(
  round: Round,
  i: number,
  own: OwnCall,
  isLast: boolean,
  by: "check" | "look" = "check",
): Promise<KnownDecision | undefined> {
  const { budget, regions } = round;
  const { level, [by]: check } = regions[i] as Region;
  const timeoutMs = budget.hopMs(isLast);
  const call = { ...ownCall(round, i, own), timeoutMs };
  const isPaused = level.asker.pauseMs() > 0;
  // Without time left there is still what this isolate knows.
  const decision = timeoutMs > 0 ? await check.decision(call) : level.known(call, timeOf(round.now));
  if (decision?.source === "fallback") {
    budget.passed(decision.error.kind === "timeout" && !isPaused ? timeoutMs : 0);
    round.error ??= decision.error;
  }
  if (!decision || decision.source === "fallback") {
    round.silent.add(i);
    return undefined;
  }
  budget.passed(0);
  const isAsked = decision.source === "store" || round.seen.get(i)?.isAsked === true;
  round.seen.set(i, { call, decision: decision as KnownDecision, isAsked });
  return decision as KnownDecision;
}

/** What those told that have answered whenever they were asked. */
export function heard({ seen, silent }: Round): [region: number, told: Seen][] {
  return [...seen].filter(([region]) => !silent.has(region));
}

/** Whether a region would be asked by a request: it is not known to be exhausted, nor to be away. */
export function isAskable(round: Round, i: number, own: OwnCall): boolean {
  const { level } = round.regions[i] as Region;
  if (level.asker.pauseMs() > 0) return false;
  return level.known(ownCall(round, i, { ...own, task: "peek" }), timeOf(round.now)) === undefined;
}
