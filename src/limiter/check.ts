import type { Program } from "../algorithm/program.js";
import { step } from "../algorithm/step.js";
import type { Decision, KnownDecision } from "../core/decision.js";
import { StoreError } from "../core/errors.js";
import { memoryStore } from "../store/memory.js";
import type { StepReply, Store } from "../store/store.js";
import { type Call, demandsOf } from "./call.js";
import { withDeadline } from "./deadline.js";
import { decide } from "./decide.js";
import { fallbackDecision } from "./failure.js";
import type { CheckedOptions } from "./options.js";
import { createSnapshots } from "./snapshots.js";
import { timeOf } from "./time.js";

/** Most keys that an isolate counts by itself while the store can't be asked. */
const SPARE_KEYS = 10_000;

/** How calls are answered: from a snapshot if it denies, else by the store, else by the failure mode. */
export interface Check {
  decision(call: Call): Promise<Decision>;
  reset(place: string, signal: AbortSignal | undefined): Promise<void>;
}

export function createCheck(options: CheckedOptions, program: Program): Check {
  const { store, timeoutMs, failureMode, now } = options;
  const snapshots = options.snapshots && createSnapshots(options.snapshots);
  let spare: Store | undefined;

  /** The store's denial, known from the last state seen: what is in use only grows until time passes. */
  function denial(call: Call): Decision | undefined {
    const clock = timeOf(now);
    const snapshot = snapshots?.get(call.place, clock);
    if (!snapshot || snapshot.limits !== limitsText(call) || !isCheck(call)) return undefined;
    // By a store's own clock it is at most this late by now, so nothing is denied that the store would allow.
    const at = store.clock === "limiter" ? clock : snapshot.state[0] + clock - snapshot.askedAt;
    const { allowed, state } = step(program.algorithms, snapshot.state, at, demandsOf(program, call, "consume"));
    if (allowed) return undefined;
    const decision = known(call, { allowed, state }, 0);
    return Number.isNaN(decision.retryAfterMs) ? undefined : { ...decision, source: "snapshot" };
  }

  async function ask(call: Call): Promise<Decision> {
    const turn = snapshots?.turn() ?? 0;
    const askedAt = timeOf(now);
    const request = { program, key: call.place, now: askedAt, demands: demandsOf(program, call, call.operation) };
    try {
      const reply = await withDeadline(timeoutMs, call.signal, (signal) => store.step({ ...request, signal }));
      const leadMs = store.clock === "limiter" ? Math.max(0, reply.state[0] - askedAt) : 0;
      const decision = known(call, reply, leadMs);
      const usefulMs = leadMs === 0 && scarce(call, decision) ? decision.resetAfterMs : 0;
      snapshots?.set(call.place, { state: reply.state, limits: limitsText(call), askedAt }, turn, usefulMs);
      return decision;
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      if (failureMode !== "memory") return fallbackDecision(failureMode, call, error);
      spare ??= memoryStore({ maxKeys: SPARE_KEYS });
      return { ...known(call, await spare.step(request), 0), source: "memory", error };
    } finally {
      if (call.operation === "refund") snapshots?.clear(call.place, timeOf(now));
    }
  }

  function known(call: Call, { allowed, state }: StepReply, leadMs: number): KnownDecision {
    const told = call.operation === "peek" ? undefined : allowed;
    return { ...decide({ algorithms: program.algorithms, ...call, allowed: told, state, leadMs }), source: "store" };
  }

  return {
    decision: async (call) => denial(call) ?? ask(call),
    async reset(place, signal) {
      try {
        await withDeadline(timeoutMs, signal, (signal) => store.reset(place, signal));
      } finally {
        snapshots?.clear(place, timeOf(now));
        await spare?.reset(place);
      }
    },
  };
}

const isCheck = ({ operation }: Call) => operation === "consume" || operation === "peek";

const limitsText = ({ policies }: Call) => policies.map(({ limit }) => limit).join();

/** Whether the next call of this cost would be denied. */
function scarce({ costs }: Call, { allowed, policies }: KnownDecision): boolean {
  return !allowed || policies.some(({ remaining }, i) => remaining < Math.max(1, costs[i] as number));
}
