import type { PenaltyNumbers, PenaltyTask } from "../../src/algorithm/penalty.ts";
import { penalized } from "../../src/algorithm/penalty.ts";
import { grantsStrikes, keySetStrikes } from "../../src/algorithm/scripts.ts";
import { takeBlockedUntil } from "../../src/store/blocked-until.ts";
import type { StepRequest } from "../../src/store/store.ts";
import type { Random } from "./random.ts";

const LETTERS = { strike: "s", look: "l", book: "b", block: "x" } as const;

/** Penalties short enough that all of one happens within some hundred calls. */
export function randomPenalty(random: Random): PenaltyNumbers {
  const length = random.pick([1000, 5000, 40_000]);
  return {
    after: random.pick([1, 2, 3, 3, 5, 100]),
    within: random.pick([500, 4000, 60_000]),
    length,
    factor: random.pick([1, 2, 3]),
    most: length * random.pick([1, 2, 5, 100]),
  };
}

/** The same request on a key with a penalty. */
export function withPenalty<Request extends StepRequest>(
  request: Request,
  task: PenaltyTask,
  numbers: PenaltyNumbers,
): Request {
  const { after, within, length, factor, most } = numbers;
  const penalty = {
    args: ["!", LETTERS[task], after, within, length, factor, most],
    read: takeBlockedUntil,
    set: keySetStrikes,
    grants: grantsStrikes,
  };
  return { ...request, program: penalized(request.program, task, numbers), penalty };
}
