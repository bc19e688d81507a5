import type { Algorithm, State } from "../../algorithm/algorithm.ts";
import type { Program } from "../../algorithm/program.ts";
import { step } from "../../algorithm/step.ts";
import type { KnownDecision } from "../../core/decision.ts";
import { type Call, demandsOf } from "../call.ts";
import { decide } from "../decide.ts";
import { withoutInfinity } from "../json.ts";

/**
 * An allowed call, with the numbers of the last state seen, in which the units left here count as not used. `takenAt`: when the
 * store took what the call was served from.
 */
export function leaseDecision(
  program: Program,
  call: Call,
  seen: State,
  left: readonly number[],
  source: "lease" | "store",
  takenAt = seen[0],
): KnownDecision {
  const { algorithms } = program;
  const { state } = step(algorithms, seen, seen[0], demandsOf(program, { ...call, costs: left }, "refund", seen[0]));
  const decision = decide(algorithms, { ...call, task: "consume" }, { allowed: true, state }, 0, source);
  return Object.assign(decision, { at: takenAt });
}

/** A denied call: there was no room for it in `dry`, the state seen `agoMs` ago, and the store is not asked for `leftMs` more. */
export function pauseDecision(
  algorithms: readonly Algorithm[],
  call: Call,
  dry: State,
  agoMs: number,
  leftMs: number,
): KnownDecision {
  const then = decide(algorithms, { ...call, task: "consume" }, { allowed: false, state: dry }, 0, "lease");
  const retryAfterMs = Math.max(then.retryAfterMs - agoMs, leftMs, 1);
  const resetAfterMs = Math.max(0, then.resetAfterMs - agoMs);
  return withoutInfinity({
    ...then,
    retryAfterMs,
    resetAfterMs,
    policies: then.policies.map((status) =>
      withoutInfinity({
        ...status,
        retryAfterMs: status.policy === then.policy ? retryAfterMs : Math.max(0, status.retryAfterMs - agoMs),
        resetAfterMs: Math.max(0, status.resetAfterMs - agoMs),
      }),
    ),
  });
}
