import { type PenaltyNumbers, type PenaltyTask, penalized } from "../../algorithm/penalty.ts";
import type { Program } from "../../algorithm/program.ts";
import { grantsStrikes, keySetStrikes } from "../../algorithm/scripts.ts";
import { step } from "../../algorithm/step.ts";
import type { BlockedDecision } from "../../core/decision.ts";
import type { WaitUntil } from "../../core/event.ts";
import { takeBlockedUntil } from "../../store/blocked-until.ts";
import { askAll } from "../../store/key-set.ts";
import type { StepReply } from "../../store/store.ts";
import { type Call, demandsOf } from "../call.ts";
import { withoutInfinity } from "../json.ts";
import type { Level } from "../level.ts";
import { createSnapshots, type Snapshot } from "../snapshots.ts";
import { uncountedDecision } from "../uncounted.ts";
import { type BlockQuestion, blockMethods } from "./block.ts";

/** What an isolate knows of a blocked key. */
interface Blocked extends Snapshot {
  /** When the block ends, by the store's time. */
  readonly blockedUntil: number;
}

type PenaltyCall = Call & { readonly forMs?: number | undefined };

/** As lua/penalty.lua knows them. */
const LETTERS: Readonly<Record<PenaltyTask, string>> = { strike: "s", look: "l", book: "b", block: "x" };

/** A level whose denials lead to a block. Until then they reach the store; of a block this isolate knows from there on. */
export function penaltyLevel(level: Level, numbers: PenaltyNumbers): Level {
  const { options, program } = level;
  const { algorithms } = program;
  const { name, store, tell } = options;
  if (algorithms.some((algorithm) => algorithm.step)) {
    // Their values have forms of their own, which nothing can stand in front of.
    throw new RangeError("a penalty goes with neither slidingLog nor inFlight");
  }
  const blocks = store.remote && options.snapshots ? createSnapshots(options.snapshots) : undefined;
  const programOf = (task: PenaltyTask) => penalized(program, task, numbers);
  const programs: Readonly<Record<PenaltyTask, Program>> = {
    strike: programOf("strike"),
    look: programOf("look"),
    book: programOf("book"),
    block: programOf("block"),
  };

  /** The store's time at `clock`, given a state that it replied to a call at `askedAt`; at most the real one. */
  function timeAt({ state, askedAt }: Pick<Snapshot, "state" | "askedAt">, clock: number): number {
    return store.clock === "limiter" ? clock : state[0] + clock - askedAt;
  }

  function blockedDecision(call: Call, blocked: Blocked, clock: number): BlockedDecision {
    const at = timeAt(blocked, clock);
    const { blockedUntil } = blocked;
    let retryAfterMs = Math.max(1, blockedUntil - at);
    if (call.task !== "block") {
      // Behind the block the quota may still have no room.
      const { state } = step(algorithms, blocked.state, at, demandsOf(program, call, "peek", at));
      const alone = level.decide({ ...call, task: "peek" }, { allowed: false, state }, 0, "store");
      retryAfterMs = Math.max(retryAfterMs, alone.retryAfterMs);
    }
    return withoutInfinity({
      allowed: false,
      policy: "blocked",
      blockedUntil,
      retryAfterMs,
      delayMs: 0,
      source: "penalty",
    });
  }

  /** Tells the observers of a block that a denial has brought. */
  function begun(call: Call, decision: BlockedDecision): void {
    const waitUntil = (call.options?.waitUntil as WaitUntil | undefined) ?? options.waitUntil;
    tell?.({ type: "decision", limiter: name, operation: "block", key: call.key, decision, waitUntil });
  }

  function decidedOn(call: Call, reply: StepReply, clock: number): BlockedDecision {
    const decision = blockedDecision(call, blockedBy(reply, clock), clock);
    if ((reply.blockedUntil ?? 0) < 0 && call.task !== "block") begun(call, decision);
    return decision;
  }

  return {
    ...level,
    strikes: true,
    methods: blockMethods,

    call(key, place, question): PenaltyCall {
      const { options, polls, task } = question;
      const strikes = task === "consume" && !polls && options?.strikes !== false;
      return { ...level.call(key, place, question), strikes, forMs: (options as BlockQuestion | undefined)?.forMs };
    },

    request(call, clock) {
      const { after, within, length, factor, most } = numbers;
      const task = taskOf(call);
      const { forMs = length } = call as PenaltyCall;
      const own = task === "block" ? { ...numbers, length: forMs } : numbers;
      return {
        ...level.request(task === "block" ? { ...call, task: "peek" } : call, clock),
        program: task === "block" ? penalized(program, task, own) : programs[task],
        ask: askAll,
        penalty: {
          read: takeBlockedUntil,
          args: ["!", LETTERS[task], after, within, own.length, factor, most],
          set: keySetStrikes,
          grants: grantsStrikes,
        },
      };
    },

    known(call, clock) {
      if (call.task !== "consume" && call.task !== "peek") return undefined;
      const blocked = blocks?.get(call.place, clock) as Blocked | undefined;
      if (blocked && timeAt(blocked, clock) < blocked.blockedUntil) return blockedDecision(call, blocked, clock);
      // What counts nothing may be blocked all the same, which the store knows.
      const uncounted = call.limits ? uncountedDecision(call) : undefined;
      return uncounted?.allowed ? undefined : uncounted;
    },

    turn: () => blocks?.turn() ?? 0,

    decide(call, reply, leadMs, source) {
      if (!reply.blockedUntil) return level.decide(call, reply, leadMs, source);
      return decidedOn(call, reply, reply.state[0]);
    },

    seen(call, reply, askedAt, turn) {
      const blocked = blockedBy(reply, askedAt);
      blocks?.set(call.place, blocked, turn, Math.max(0, blocked.blockedUntil - timeAt(blocked, askedAt)));
      if (reply.blockedUntil) return decidedOn(call, reply, askedAt);
      const leadMs = store.clock === "limiter" ? Math.max(0, reply.state[0] - askedAt) : 0;
      return level.decide(call, reply, leadMs, "store");
    },

    forget(place, clock, call) {
      // What is given back pardons nobody.
      if (!call) blocks?.clear(place, clock);
      level.forget(place, clock, call);
    },
  };
}

/** What a reply to a call made at `askedAt` says of a block; 0 is the end of none. */
function blockedBy({ state, blockedUntil = 0 }: StepReply, askedAt: number): Blocked {
  return { state, limits: "", askedAt, blockedUntil: Math.abs(blockedUntil) };
}

function taskOf({ task, strikes }: Call): PenaltyTask {
  if (task === "block") return "block";
  if (task === "consume") return strikes ? "strike" : "look";
  return task === "peek" ? "look" : "book";
}
