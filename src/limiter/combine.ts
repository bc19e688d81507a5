import type {
  BlockedDecision,
  Decision,
  FallbackDecision,
  KnownDecision,
  PolicyStatus,
  RuleDecision,
} from "../core/decision.ts";
import type { StoreError } from "../core/errors.ts";
import type { Call } from "./call.ts";
import { withoutInfinity } from "./json.ts";
import type { Level, LevelDecision } from "./level.ts";

/** One policy's part of a decision on several limiters. */
export interface LevelStatus<Name extends string> extends PolicyStatus {
  /** The name of its limiter in the record. */
  readonly level: Name;
}

/** Which limiter binds, and what each of them decided. */
interface Leveled<Name extends string, Part> {
  /**
   * The name, in the record, of the limiter that binds: the one that denied (with the longest wait), else the one that would
   * deny first.
   */
  readonly level: Name;
  /** That limiter's own name. */
  readonly limiter: string;
  /**
   * Each limiter's own decision: `allowed` tells whether it alone would have let the call pass. Where this isolate knew of a
   * denial without asking (source `"snapshot"`), only those that deny.
   */
  readonly parts: { readonly [L in Name]?: Part };
}

/** What several limiters decided together; the numbers are those of the limiter that binds. */
export interface KnownAllOfDecision<Name extends string> extends KnownDecision, Leveled<Name, LevelDecision> {
  /** The numbers of every policy of all `parts`, in the order of the limiters. */
  readonly policies: readonly LevelStatus<Name>[];
}

/** An answer by failure mode alone; `level` is the first one: there is no telling which one binds. */
export interface FallbackAllOfDecision<Name extends string> extends FallbackDecision, Leveled<Name, FallbackDecision> {}

/** An operator's rule blocks the call for the limiter at `level`, or allows it for all of them. */
export interface RuleAllOfDecision<Name extends string> extends RuleDecision, Leveled<Name, LevelDecision> {}

/** The key of the level is blocked, by its limiter's `penalty` or `block`. */
export interface BlockedAllOfDecision<Name extends string> extends BlockedDecision, Leveled<Name, LevelDecision> {}

/** The answer to a check of several limiters: a union on `source`. */
export type AllOfDecision<Name extends string> =
  | KnownAllOfDecision<Name>
  | FallbackAllOfDecision<Name>
  | RuleAllOfDecision<Name>
  | BlockedAllOfDecision<Name>;

/** One limiter's part in a call. */
export interface Part<Name extends string, Decided = LevelDecision> {
  readonly name: Name;
  readonly level: Level;
  readonly call: Call;
  readonly decision: Decided;
}

/** The decision on the whole, from the decisions on at least one part. */
export function combined<Name extends string>(
  all: readonly Part<Name>[],
  source: KnownDecision["source"],
  error?: StoreError,
): KnownAllOfDecision<Name> | RuleAllOfDecision<Name> | BlockedAllOfDecision<Name> {
  const allowed = all.every(({ decision }) => decision.allowed);
  const parts = all.filter(isCounted);
  const ruled = all.filter(isRuled).filter(({ decision }) => decision.allowed === allowed);
  // Of what a rule allows nothing is counted, so the others bind; a block binds before all that is counted.
  if (!allowed && ruled.length > 0) return ruledBy(ruled, all);
  if (parts.length === 0) return ruledBy(ruled, all);
  let binding = parts[0] as Part<Name, KnownDecision>;
  let most = -Infinity;
  for (const part of parts) {
    const urgency = allowed ? -callsLeft(part) : part.decision.retryAfterMs;
    if (urgency > most) {
      binding = part;
      most = urgency;
    }
  }
  const { policy, limit, burst, remaining, retryAfterMs, at } = binding.decision;
  return withoutInfinity({
    allowed,
    ...{ policy, limit, burst, remaining, retryAfterMs },
    resetAfterMs: Math.max(...parts.map(({ decision }) => decision.resetAfterMs)),
    delayMs: Math.max(...parts.map(({ decision }) => decision.delayMs)),
    at,
    policies: parts.flatMap(({ name, decision }) =>
      decision.policies.map((status) => withoutInfinity({ level: name, ...status })),
    ),
    source,
    ...ofLevels(binding, all),
    ...(error && { error }),
  });
}

const isCounted = <Name extends string>(part: Part<Name>): part is Part<Name, KnownDecision> =>
  "policies" in part.decision;
const isRuled = <Name extends string>(part: Part<Name>): part is Part<Name, RuleDecision | BlockedDecision> =>
  !isCounted(part);

/** What rules and penalties decide, of which the one that lasts longest binds. */
function ruledBy<Name extends string>(
  ruled: readonly Part<Name, RuleDecision | BlockedDecision>[],
  all: readonly Part<Name>[],
): RuleAllOfDecision<Name> | BlockedAllOfDecision<Name> {
  const binding = ruled.reduce((one, other) => (other.decision.retryAfterMs > one.decision.retryAfterMs ? other : one));
  return withoutInfinity({ ...binding.decision, ...ofLevels(binding, all) });
}

/** The same from what the failure mode answered for each. */
export function combinedFallback<Name extends string>(
  parts: readonly Part<Name, FallbackDecision>[],
): FallbackAllOfDecision<Name> {
  const first = parts[0] as Part<Name, FallbackDecision>;
  return { ...first.decision, ...ofLevels(first, parts) };
}

/** The same decision once its delay is over, which then is over for each part. */
export function withoutDelay<Name extends string>(decision: AllOfDecision<Name>): AllOfDecision<Name> {
  const parts = Object.entries<Decision | undefined>(decision.parts).map(([name, part]) => [
    name,
    part && withoutInfinity({ ...(part as KnownDecision), delayMs: 0 }),
  ]);
  return withoutInfinity({ ...(decision as KnownAllOfDecision<Name>), delayMs: 0, parts: Object.fromEntries(parts) });
}

function ofLevels<Name extends string, Decided>(
  { name, level }: Part<Name, unknown>,
  parts: readonly Part<Name, Decided>[],
): Leveled<Name, Decided> {
  const decisions = Object.fromEntries(parts.map(({ name, decision }) => [name, decision]));
  return { level: name, limiter: level.options.name, parts: decisions as { [L in Name]?: Decided } };
}

/** How many calls of this cost the part would still let pass. */
function callsLeft({ call, decision }: Part<string, KnownDecision>): number {
  const calls = decision.policies.map(({ remaining }, i) => (call.costs[i] ? remaining / call.costs[i] : Infinity));
  return Math.min(...calls);
}
