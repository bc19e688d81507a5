import { type Demand, onlyLook, type Step } from "../algorithm.ts";

/** One piece of work, and when it ends at the latest. */
export interface Hold {
  readonly id: string;
  readonly units: number;
  readonly endsAt: number;
}

/** What is kept of a key. Ends never fall from one hold to the next. */
export interface InFlight {
  readonly holds: readonly Hold[];
  /** The sum of their units. */
  readonly used: number;
}

/** How much clocks may differ without being asked about, in ms: `APART` in the script. */
const APART_MS = 1000;

const NOTHING_HELD: InFlight = { holds: [], used: 0 };

/**
 * The twin of in-flight.lua: one call on all holds of a key. `storeNow` is the store's own time, by which alone the hold of another
 * ends; in this process it is the caller's.
 */
export function inFlightStep(kept: unknown, now: number, demand: Demand, storeNow = now): Step {
  const { delta, pace: holdMs, ceiling, id } = demand;
  const stored = (kept as InFlight | undefined) ?? NOTHING_HELD;
  const own = stored.holds.find((hold) => hold.id === id);
  const ownUnits = own?.units ?? 0;
  const looks = ceiling < 0;
  if (delta <= 0 && !looks) {
    if (!own) return step(false, stored, now, holdMs);
    if (delta < 0) return step(true, without(stored, own), now, holdMs);
  }
  const units = delta === 0 && own && !looks ? own.units : delta;
  const most = looks ? onlyLook(ceiling) : ceiling;
  const needed = ({ used }: InFlight) => used - ownUnits + units - most;
  const stays = own !== undefined && units <= own.units;

  let held = stored;
  let later: number | undefined;
  if (needed(held) > 0 && !stays) {
    const { leaves } = leaving(held, needed(held), own);
    if ((leaves > 0 && leaves <= now) || lastEnd(held) > now + holdMs + APART_MS) {
      held = endedBy(held, storeNow, holdMs, own);
      later = storeNow - now;
    }
    if (needed(held) > 0) {
      const denied = step(false, held, now, holdMs, later, ownUnits, leaving(held, needed(held), own));
      return { ...denied, kept: later !== undefined && lastEnd(stored) > storeNow + holdMs ? held : kept };
    }
  }
  if (looks) return step(false, held, now, holdMs, later, ownUnits);
  const others = own ? without(held, own) : held;
  const endsAt = Math.max(now + (later ?? 0), lastEnd(held) - holdMs) + holdMs;
  const holds = [...others.holds, { id: id as string, units, endsAt }];
  return step(true, { holds, used: others.used + units }, now, holdMs, later);
}

/** When enough has ended that some units are free, and what is free before and after that; `leaves` is 0 if that can't be. */
interface Leaving {
  readonly leaves: number;
  readonly from: number;
  readonly to: number;
}

function leaving({ holds }: InFlight, need: number, own?: Hold): Leaving {
  let from = 0;
  let to = 0;
  for (const hold of holds) {
    if (hold.id === own?.id) continue;
    from = to;
    to += hold.units;
    if (to >= need) return { leaves: hold.endsAt, from, to };
  }
  return { leaves: 0, from: to, to };
}

/** What is left at `time`, with the caller's own hold; no end is further ahead than a hold lasts. */
function endedBy({ holds }: InFlight, time: number, holdMs: number, own: Hold | undefined): InFlight {
  const left = holds
    .filter((hold) => hold.endsAt > time || hold === own)
    .map((hold) => (hold.endsAt > time + holdMs ? { ...hold, endsAt: time + holdMs } : hold));
  return { holds: left, used: sum(left) };
}

function without({ holds }: InFlight, own: Hold): InFlight {
  const left = holds.filter(({ id }) => id !== own.id);
  return { holds: left, used: sum(left) };
}

const sum = (holds: readonly Hold[]) => holds.reduce((units, hold) => units + hold.units, 0);
const lastEnd = ({ holds }: InFlight) => holds.at(-1)?.endsAt ?? 0;

/** The script's reply, and what it keeps: of a denial only ends that were too far ahead, moved back. */
function step(
  allowed: boolean,
  held: InFlight,
  now: number,
  holdMs: number,
  later = 0,
  ownUnits = 0,
  waits = leaving(held, 1),
): Step {
  const byCaller = (time: number) => (time > 0 ? time - later : 0);
  const { leaves, from, to } = waits;
  return {
    allowed,
    state: [now, held.used, byCaller(lastEnd(held)), byCaller(leaves), from, to, ownUnits],
    kept: held,
    ttlMs: held.holds.length > 0 ? holdMs : 0,
  };
}
