import type { Complaint } from "../judges/judge.ts";
import { CALLS_PER_ARRIVAL } from "../world/calls.ts";
import type { Happening } from "../world/history.ts";
import type { Plan } from "../world/plan.ts";
import { type Outcome, type SimulateOptions, simulate } from "./simulate.ts";

/** The arrivals and incidents of a world that are enough for a complaint, by number. */
export interface Few {
  readonly arrivals: readonly number[];
  readonly incidents: readonly number[];
  readonly outcome: Outcome;
}

export interface ShrinkOptions {
  readonly plan: Plan;
  readonly seed: number;
  readonly complaint: Complaint;
  /** Default: all. */
  readonly judges?: SimulateOptions["judges"];
  /** Worlds run at most. Default 400. */
  readonly tries?: number;
}

/**
 * Leaves out of a world whatever the same judge complains without: arrivals and incidents, halves first and then ever
 * smaller parts (delta debugging, Zeller 1999). What is left keeps its times and its luck, see `Source`.
 */
export async function shrink({ plan, seed, complaint, judges, tries = 400 }: ShrinkOptions): Promise<Few> {
  const run = (keeps: SimulateOptions["keeps"]) =>
    simulate({ plan, seed, ...(keeps && { keeps }), ...(judges && { judges }) });
  let left = tries;
  let best: Outcome | undefined;

  async function fails(arrivals: readonly number[], incidents: readonly number[]): Promise<boolean> {
    if (left === 0) return false;
    left -= 1;
    const outcome = await run(keeping(arrivals, incidents));
    if (outcome.complaint?.judge !== complaint.judge) return false;
    best = outcome;
    return true;
  }

  const seen = await happened(plan, seed, complaint, judges);
  let arrivals: readonly number[] = seen.arrivals;
  let incidents: readonly number[] = seen.incidents;
  if (await fails(seen.ofKey, incidents)) arrivals = seen.ofKey;
  for (let before = Infinity; arrivals.length + incidents.length < before; ) {
    before = arrivals.length + incidents.length;
    const [kept, others] = [arrivals, incidents];
    incidents = await fewest(others, (some) => fails(kept, some));
    const few = incidents;
    arrivals = await fewest(kept, (some) => fails(some, few));
  }
  best ??= await run(keeping(arrivals, incidents));
  return { arrivals, incidents, outcome: best };
}

/** What a run leaves out so that only these happen. */
export function keeping(arrivals: readonly number[], incidents: readonly number[]) {
  const kept = { arrival: new Set(arrivals), incident: new Set(incidents) };
  return (what: "arrival" | "incident", number: number) => kept[what].has(number);
}

/** The numbers of what had happened by the time of the complaint, and of those, the arrivals for the complaint's key. */
async function happened(plan: Plan, seed: number, { happening }: Complaint, judges: SimulateOptions["judges"]) {
  const arrivals = new Set<number>();
  const ofKey = new Set<number>();
  const key = "call" in happening ? happening.call.key : undefined;
  let incidents = 0;
  await simulate({
    plan,
    seed,
    ...(judges && { judges }),
    keeps(what, number) {
      if (what === "incident") incidents = number;
      return true;
    },
    watch(one: Happening) {
      if (one.type !== "called") return;
      const number = Math.floor(one.call.id / CALLS_PER_ARRIVAL);
      arrivals.add(number);
      if (one.call.key === key) ofKey.add(number);
    },
  });
  const numbers = Array.from({ length: incidents }, (_incident, i) => i + 1);
  return { arrivals: [...arrivals], ofKey: [...ofKey], incidents: numbers };
}

async function fewest(list: readonly number[], fails: (some: readonly number[]) => Promise<boolean>) {
  if (list.length > 0 && (await fails([]))) return [];
  let kept = list;
  for (let parts = 2; kept.length > 1 && parts <= kept.length; ) {
    const size = Math.ceil(kept.length / parts);
    let shorter: readonly number[] | undefined;
    for (let from = 0; from < kept.length && !shorter; from += size) {
      const without = kept.filter((_one, i) => i < from || i >= from + size);
      if (await fails(without)) shorter = without;
    }
    if (shorter) {
      kept = shorter;
      parts = Math.max(2, parts - 1);
    } else if (parts === kept.length) break;
    else parts = Math.min(kept.length, 2 * parts);
  }
  return kept;
}
