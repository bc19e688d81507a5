import { inFlightAlgorithm } from "../../../src/algorithm/in-flight/algorithm.ts";
import { type InFlight, inFlightStep } from "../../../src/algorithm/in-flight/step.ts";
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
  const now = asked < 0 ? databaseNow : asked;
  const stored = keyspace.get(key, databaseNow);
  const before = stored?.value as InFlight | undefined;
  const demand = { delta, pace, ceiling, ...(id !== undefined && { id }) };
  const { allowed, state, kept } = inFlightStep(before, now, demand, databaseNow);
  const after = kept as InFlight;
  const wrote = ceiling >= 0 && (allowed || (delta > 0 && after !== before));
  if (wrote && after.holds.length === 0) keyspace.delete(key);
  else if (wrote) keyspace.set(key, { value: after, endsAt: databaseNow + pace }, databaseNow);
  const endsAt = keyspace.get(key, databaseNow)?.endsAt;
  const step = {
    ...{ key, now, allowed, wrote, endsAt },
    deltas: [delta],
    sinces: [undefined],
    ceilings: [ceiling],
    continued: stored !== undefined,
    renewed: wrote && endsAt !== undefined,
    leftMs: stored && stored.endsAt - databaseNow,
  };
  // Whether the clock of the database was asked depends on what is held.
  return { reply: [allowed ? 1 : 0, ...state], steps: [step], billed: Number.NaN };
}
