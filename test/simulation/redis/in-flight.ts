import type { Demand, Step } from "../../../src/algorithm/algorithm.ts";
import { inFlightAlgorithm } from "../../../src/algorithm/in-flight/algorithm.ts";
import { type InFlight, inFlightStep } from "../../../src/algorithm/in-flight/step.ts";
import type { KeyStep } from "../world/history.ts";
import type { Keyspace } from "./keyspace.ts";

export const inFlightScript = inFlightAlgorithm.script;

/** What stands in for in-flight.lua where there is no Redis. */
export function runInFlight(
  keyspace: Keyspace,
  [key = ""]: readonly string[],
  args: readonly string[],
  databaseNow: number,
) {
  const [asked = Number.NaN, delta = Number.NaN, pace = Number.NaN, ceiling = Number.NaN] = args
    .slice(0, 4)
    .map(Number);
  if (args.length < 4 || args.length > 5) throw new Error(`arguments that no script has: ${args.join(" ")}`);
  const id = args[4];
  const demand = { delta, pace, ceiling, ...(id !== undefined && { id }) };
  const holds = openHolds(keyspace, key, asked, demand, databaseNow);
  const { allowed, state } = holds.alone;
  // Whether the clock of the database was asked depends on what is held.
  return { reply: [allowed ? 1 : 0, ...state], steps: [holds.write(allowed)], billed: Number.NaN };
}

/** A call on a key of work in flight, before anything is written. */
export interface OpenHolds {
  /** What the call alone comes to. */
  readonly alone: Step;
  /** What a look for it sees. */
  look(): Step;
  /** Writes what the call leaves: all of it if it is `taken`, else what a denial mends. */
  write(taken: boolean): KeyStep;
}

export function openHolds(
  keyspace: Keyspace,
  key: string,
  asked: number,
  demand: Demand,
  databaseNow: number,
): OpenHolds {
  const now = asked < 0 ? databaseNow : asked;
  const { delta, pace, ceiling } = demand;
  const stored = keyspace.get(key, databaseNow);
  const before = stored?.value as InFlight | undefined;
  const alone = inFlightStep(before, now, demand, databaseNow);
  return {
    alone,
    look: () => inFlightStep(before, now, { ...demand, ceiling: ceiling < 0 ? ceiling : -1 - ceiling }, databaseNow),
    write(taken) {
      const after = alone.kept as InFlight;
      const mends = !alone.allowed && delta > 0 && after !== before;
      const wrote = ceiling >= 0 && ((taken && alone.allowed) || mends);
      if (wrote && after.holds.length === 0) keyspace.delete(key);
      else if (wrote) keyspace.set(key, { value: after, endsAt: databaseNow + pace }, databaseNow);
      const endsAt = keyspace.get(key, databaseNow)?.endsAt;
      return {
        ...{ key, now, allowed: taken, wrote, endsAt },
        deltas: [delta],
        sinces: [undefined],
        ceilings: [ceiling],
        continued: stored !== undefined,
        renewed: wrote && endsAt !== undefined,
        leftMs: stored && stored.endsAt - databaseNow,
      };
    },
  };
}
