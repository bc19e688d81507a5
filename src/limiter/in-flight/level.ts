import type { Program } from "../../algorithm/program.ts";
import { misuse } from "../../core/misuse.ts";
import { wholeNumber } from "../../core/whole-number.ts";
import type { Call } from "../call.ts";
import type { Unchecked } from "../call-options.ts";
import type { CheckedOptions } from "../checked-options.ts";
import { decide } from "../decide.ts";
import type { Level } from "../level.ts";

/** The most units that a key holds, and so the most holds: a hold takes 20 bytes, and each call reads and writes all of them. */
export const MAX_HELD = 1000;

/** A release may come at any moment, so for no longer is anybody denied without asking the store. */
const MAX_SNAPSHOT_MS = 100;

/** The hold that a question is about. */
export interface Named {
  readonly id: string;
  /** Whether it may be held already. */
  readonly again: boolean;
}

/** A question's options, with the hold that it is about. */
export type HoldQuestion = Unchecked & { readonly named: Named };

type HoldCall = Call & { readonly named: Named | undefined };

export function shortSnapshots(options: CheckedOptions): CheckedOptions {
  const { snapshots } = options;
  if (!snapshots) return options;
  return { ...options, snapshots: { ...snapshots, maxAgeMs: Math.min(snapshots.maxAgeMs, MAX_SNAPSHOT_MS) } };
}

/** The same program for one hold, whose name is the script's last argument. */
function namedProgram(program: Program, id: string): Program {
  return { ...program, args: (now, demands) => [...program.args(now, demands), id] };
}

/** A level whose calls name their holds. */
export function inFlightLevel(level: Level): Level {
  const { program } = level;
  return {
    ...level,

    call(key, place, question): HoldCall {
      const call = level.call(key, place, question);
      const { name, limit, uncounted } = call.policies[0] as Call["policies"][number];
      if (uncounted === undefined) wholeNumber(`limit of policy "${name}"`, limit, 1, MAX_HELD);
      const named = (question.options as HoldQuestion | undefined)?.named;
      if (named && call.task === "consume" && call.costs[0] === 0) throw misuse("cost", "at least 1 to hold", 0, true);
      // To take nothing more is to extend.
      return { ...call, named, ...(named && call.task === "charge" && { costs: [0] }) };
    },

    request(call, clock) {
      const request = level.request(call, clock);
      const { named } = call as HoldCall;
      if (!named) return request;
      const { id } = named;
      return {
        ...request,
        program: namedProgram(program, id),
        demands: request.demands.map(({ since: _since, ...own }) => ({ ...own, id })),
      };
    },

    known(call, clock) {
      // What is held already stays, which only the store knows.
      const maybeHeld = (call as HoldCall).named?.again && call.policies[0]?.uncounted === undefined && !call.ruled;
      return maybeHeld ? undefined : level.known(call, clock);
    },

    seen(call, reply, askedAt, turn) {
      const own = reply.state.at(-1) as number;
      if ((call.task === "consume" || call.task === "peek") && own === 0) return level.seen(call, reply, askedAt, turn);
      // What is released or extended leaves others no less, and what this hold would replace they don't have: nothing to remember.
      return decide(program.algorithms, call, reply, 0, "store");
    },
  };
}
