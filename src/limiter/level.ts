import { type Program, programFor } from "../algorithm/program.ts";
import { step } from "../algorithm/step.ts";
import type { BlockedDecision, Decision, KnownDecision, RuleDecision } from "../core/decision.ts";
import type { StoreError } from "../core/errors.ts";
import { misuse } from "../core/misuse.ts";
import type { KeySetReply } from "../store/key-set.ts";
import type { RemoteStore, StepReply, StepRequest } from "../store/store.ts";
import { storeKey } from "../store/store-key.ts";
import { costsOf, leftOf, limitsOf } from "./amounts.ts";
import { type Asker, createAsker } from "./ask.ts";
import { type Call, demandsOf } from "./call.ts";
import type { CheckedOptions } from "./checked-options.ts";
import { decide } from "./decide.ts";
import type { Core, Methods, Question } from "./methods.ts";
import { createSnapshots } from "./snapshots.ts";
import { takenAt } from "./taken-at.ts";
import { uncountedDecision } from "./uncounted.ts";

/** How calls are answered: from a snapshot if it denies, else by the store, else by the failure mode; `reset` asks always. */
export interface Check {
  decision(call: Call): Decision | Promise<Decision>;
  reset(place: string, signal: AbortSignal | undefined): Promise<void>;
}

/** A limiter's own decision, where it could be asked. */
export type LevelDecision = KnownDecision | RuleDecision | BlockedDecision;

/** One limiter's share in a verdict: what it asks of the store for a key, and what this isolate knows of its keys. */
export interface Level {
  readonly options: CheckedOptions;
  readonly program: Program;
  readonly asker: Asker;
  /** Where a key's state lies in the store; for a question, once what has to be known before it is. */
  placeOf(key: unknown, question?: Question): string | Promise<string>;
  /** A call on the key, which lies at `place`, its options checked. */
  call(key: string, place: string, question: Question): Call;
  request(call: Call, clock: number): LevelRequest;
  /** What the store would say: if the call's own limits decide it, or a denial by the last state seen: use grows until time passes. */
  known(call: Call, clock: number): LevelDecision | undefined;
  /** Numbers the calls in their order; to be taken before the store is asked. */
  turn(): number;
  /** The decision on a reply of whatever store. */
  decide(
    call: Call,
    reply: StepReply,
    leadMs: number,
    source: KnownDecision["source"],
  ): KnownDecision | BlockedDecision;
  /** The decision on what the store replied, remembered if it leaves too little for another call of this cost. */
  seen(call: Call, reply: StepReply, askedAt: number, turn: number): KnownDecision | BlockedDecision;
  /** Forgets what is known of a key, since something was given back: by `call`, or all of it. */
  forget(place: string, clock: number, call?: Call): void;
  /** Where an extension keeps more of its keys than snapshots: ends it for all of them, since an operator has changed something. */
  forgetAll?(): void;
  /** A denial may be a strike, so that nothing but `known` of this level denies without asking the store. */
  readonly strikes?: boolean;
  /**
   * The methods of the limiter that an extension adds, or puts in place of the usual ones. Of several limiters as one: `among` them
   * those named hold, `alone` tells whether all do.
   */
  methods?<Key, Answer extends Decision, Amounts>(
    core: Core<Key, Answer>,
    own: Methods<Key, Answer, Amounts>,
    among?: readonly string[],
    alone?: boolean,
  ): object;
  /** It counts work in flight, so that of several limiters as one its methods are those of the whole. */
  readonly holds?: boolean;
  /** Puts back what a known decision took, since the call is denied after all. Left out where none takes anything. */
  putBack?(call: Call): void;
  /** How calls are answered by this level, or one made of it, where one store is not all that is asked. */
  check?(level: Level): Check;
  /** Where several databases count for it: the same with the level of each as `wrap` makes it. */
  each?(wrap: (level: Level) => Level): Level;
}

/** What is asked of the store, and how, where that is more than a step. */
export interface LevelRequest extends StepRequest {
  readonly ask?: (
    store: RemoteStore,
    requests: readonly LevelRequest[],
    signal: AbortSignal,
  ) => Promise<KeySetReply | StoreError>;
  /** The letters of the algorithms that it can be asked so beside others, of those that need a script of their own. */
  readonly knows?: string;
}

export function createLevel(options: CheckedOptions): Level {
  const { name, policies, store } = options;
  const program = programFor(policies);
  const { algorithms } = program;
  // What a store in this process would say costs no more than to remember it.
  const snapshots = store.remote && options.snapshots ? createSnapshots(options.snapshots) : undefined;

  return {
    options,
    program,
    asker: createAsker(options),

    placeOf(key) {
      if (typeof key === "string" && key !== "") return storeKey(name, program.kind, key);
      throw misuse("key", "text of at least one character", key);
    },

    call(key, place, { task, options, spent, taken, maxDelayMs, timeoutMs, since, part = since, settles }) {
      const { cost = 1, limit, signal } = options ?? {};
      const inForce = limitsOf(policies, limit);
      const costs = costsOf(policies, since?.allowed === false ? 0 : cost);
      const left = settles && leftOf(policies, settles, cost, costs);
      return {
        task,
        key,
        place,
        policies: inForce,
        limits: inForce === policies ? "" : inForce.map((policy) => policy.limit).join(),
        costs: left ?? costs,
        maxDelayMs,
        timeoutMs,
        signal: signal as AbortSignal | undefined,
        options,
        spent,
        taken,
        since,
        takenAt: takenAt(part),
        settled: left?.every((units) => units === 0) && (part as KnownDecision),
      };
    },

    request: (call, now) => ({ program, key: call.place, now, demands: demandsOf(program, call, call.task, now) }),

    known(call, clock) {
      if (call.task !== "consume" && call.task !== "peek") return undefined;
      const uncounted = call.limits && uncountedDecision(call);
      if (uncounted) return uncounted;
      const snapshot = snapshots?.get(call.place, clock);
      if (!snapshot || snapshot.limits !== call.limits) return undefined;
      // By a store's own clock it is at most this late by now, so nothing is denied that the store would allow.
      const at = store.clock === "limiter" ? clock : snapshot.state[0] + clock - snapshot.askedAt;
      const { allowed, state } = step(algorithms, snapshot.state, at, demandsOf(program, call, "consume", at));
      if (allowed) return undefined;
      call.state = state;
      const decision = decide(algorithms, call, { allowed, state }, 0, "snapshot");
      return Number.isNaN(decision.retryAfterMs) ? undefined : decision;
    },

    decide: (call, reply, leadMs, source) => decide(algorithms, call, reply, leadMs, source),

    turn: () => snapshots?.turn() ?? 0,

    seen(call, reply, askedAt, turn) {
      call.state = reply.state;
      const leadMs = store.clock === "limiter" ? Math.max(0, reply.state[0] - askedAt) : 0;
      const decision = decide(algorithms, call, reply, leadMs, "store");
      const { allowed, policies } = decision;
      const leavesTooLittle =
        !allowed || policies.some(({ remaining }, i) => remaining < Math.max(1, call.costs[i] as number));
      // A state from a clock that runs ahead expires in the store before it would here.
      const usefulMs = leadMs === 0 && leavesTooLittle ? decision.resetAfterMs : 0;
      snapshots?.set(call.place, { state: reply.state, limits: call.limits, askedAt }, turn, usefulMs);
      return decision;
    },

    forget: (place, clock) => snapshots?.clear(place, clock),
  };
}
