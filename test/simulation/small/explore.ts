import { judgesOfCalls } from "../judges/all.ts";
import { openCourt } from "../judges/court.ts";
import type { Complaint } from "../judges/judge.ts";
import { replaceGlobals } from "../world/globals.ts";
import { runToEnd } from "../world/run-loop.ts";
import { type Choice, createSmallWorld, type SmallPlan, type SmallWorld } from "./small-world.ts";

/** What came of trying everything. */
export interface Explored {
  /** Distinct states that were reached. */
  readonly states: number;
  /** Ways through them that were followed to their end. */
  readonly ends: number;
  readonly steps: number;
  /** The first complaint, and what had happened before it. */
  readonly complaint: (Complaint & { readonly path: readonly string[] }) | undefined;
}

/**
 * Tries every order of everything that can happen in a small world, on the real limiter. A limiter can't be copied, so each
 * way is followed from the start; where it comes to a state that was met before, it ends, since what follows is known.
 */
export async function explore(plan: SmallPlan): Promise<Explored> {
  const met = new Set<number>();
  const waysLeft: (readonly number[])[] = [[]];
  let [ends, steps] = [0, 0];
  let complaint: Explored["complaint"];
  let way: Way | undefined;

  function step(): boolean {
    way?.world.settle();
    if (way?.complaints.length) {
      complaint = { ...(way.complaints[0] as Complaint), path: way.path };
      return false;
    }
    way ??= begin(plan, waysLeft.pop());
    if (!way) return false;
    const choice = next(way);
    if (choice) {
      steps += 1;
      way.path.push(choice.name);
      choice.run();
    } else {
      if (way.isWhole) {
        ends += 1;
        way.world.end();
        if (way.complaints.length) return true;
      }
      way = undefined;
    }
    return true;
  }

  /** What is replayed first; then, in a state that is new, the first choice, while the others are kept for later. */
  function next(way: Way): Choice | undefined {
    const { world, taken, replayed } = way;
    if (replayed < taken.length) {
      way.replayed += 1;
      return world.choices()[taken[replayed] as number];
    }
    if (!way.isResting) {
      const state = fingerprint(world.state());
      if (met.has(state)) return undefined;
      met.add(state);
      const choices = world.choices();
      for (let i = choices.length - 1; i > 0; i -= 1) waysLeft.push([...taken, i]);
      way.taken = [...taken, 0];
      way.replayed += 1;
      if (choices[0]) return choices[0];
      way.isResting = true;
    }
    const rest = world.rest();
    way.isWhole = rest === undefined;
    return rest;
  }

  const restore = replaceGlobals({
    isInside: () => way?.world.isInside() ?? false,
    now: () => (way as Way).world.now(),
    random: () => (way as Way).world.random(),
    setTimer: (run, delayMs) => (way as Way).world.setTimer(run, delayMs),
    clearTimer: (handle) => way?.world.clearTimer(handle) ?? false,
    made: () => {},
  });
  try {
    await runToEnd(step, () => way?.world.settle());
  } finally {
    restore();
  }
  return { states: met.size, ends, steps, complaint };
}

/** One way through a small world. */
interface Way {
  readonly world: SmallWorld;
  readonly complaints: readonly Complaint[];
  /** The numbers of the choices made, and how many of them are replayed. */
  taken: readonly number[];
  replayed: number;
  readonly path: string[];
  /** Nothing is left to choose, and time runs out. */
  isResting: boolean;
  isWhole: boolean;
}

function begin(plan: SmallPlan, taken: readonly number[] | undefined): Way | undefined {
  if (!taken) return undefined;
  const court = openCourt(judgesOfCalls(() => world.databaseNow()));
  const world = createSmallWorld(plan, court.see);
  return { world, complaints: court.complaints, taken, replayed: 0, path: [], isResting: false, isWhole: false };
}

/** 53 bits of a text. */
function fingerprint(text: string): number {
  let [high, low] = [0xdeadbeef, 0x41c6ce57];
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    high = Math.imul(high ^ code, 0x9e3779b1);
    low = Math.imul(low ^ code, 0x5f356495);
  }
  high = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35);
  low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35);
  return (high >>> 0) * 2 ** 21 + ((low >>> 0) >>> 11);
}
