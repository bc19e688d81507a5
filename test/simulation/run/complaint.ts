import type { Plan } from "../world/plan.ts";
import { type Outcome, type SimulateOptions, simulate } from "./simulate.ts";

/** The first complaint of the worlds of these seeds, as text; `seen` is told of each. */
export async function complaintIn(
  seeds: readonly number[],
  planOf: (seed: number) => Plan,
  judges: NonNullable<SimulateOptions["judges"]>,
  seen?: (outcome: Outcome) => void,
): Promise<string | undefined> {
  for (const seed of seeds) {
    const plan = planOf(seed);
    const outcome = await simulate({ plan, seed, judges });
    const { complaint } = outcome;
    seen?.(outcome);
    if (complaint) return `seed ${seed}, ${plan.name}: the judge of ${complaint.judge}: ${complaint.text}`;
  }
  return undefined;
}

export const seedsFrom = (first: number, many: number) => Array.from({ length: many }, (_, i) => first + i);
