import type { State } from "../../algorithm/algorithm.ts";
import type { Use } from "./use.ts";

/** Units taken ahead in one request, to be spent by `until`. */
interface Batch {
  /** What is left of them, for each policy. */
  readonly units: number[];
  /** The store's time when they were taken. */
  readonly since: number;
  /** This isolate's clock when they were asked for: what they may be spent by is counted from there. */
  readonly askedAt: number;
  readonly until: number;
}

/** The last request found no room, or hardly any. */
interface Dry {
  readonly state: State;
  /** Whether there was room for the call that asked, but hardly for another: then any call waits. */
  readonly nearly: boolean;
  readonly seenAt: number;
  readonly until: number;
  /** How long that request took, in ms. */
  readonly tripMs: number;
}

/** What a call has spent, and of what. */
export interface Spending {
  readonly held: Held;
  readonly epoch: number;
  readonly batch: Batch;
  readonly costs: readonly number[];
}

/** What an isolate holds of one key and knows of it, as plain data: requests may share it. */
export interface Held {
  /** How long units may be held, in ms. */
  readonly maxMs: number;
  /** The limits of the calls that it is for, as text. */
  readonly limits: string;
  readonly use: Use;
  /** The one to end first comes first. */
  batches: Batch[];
  /** A renewal is due when no more than this is left, for each policy. */
  mark: readonly number[];
  /** What was not spent in time, to go back with the next request. */
  back: { readonly units: readonly number[]; readonly since: number } | undefined;
  /** Somebody asks for more: by a time, since a request that is ended by its runtime clears nothing. */
  asking: { readonly since: number; readonly until: number } | undefined;
  /** The last state seen. */
  state: State | undefined;
  /** When there was hardly any room. */
  dry: Dry | undefined;
  /** Grants of requests begun before a change of it are worth nothing. */
  epoch: number;
}

export function newHeld(maxMs: number, limits: string, use: Use): Held {
  return {
    ...{ maxMs, limits, use, batches: [], mark: [], back: undefined },
    ...{ asking: undefined, state: undefined, dry: undefined, epoch: 0 },
  };
}

/** Whether the time span holds `now`; a clock set back to before it ends it. */
export function within(span: { readonly since: number; readonly until: number } | undefined, now: number): boolean {
  return span !== undefined && now >= span.since && now < span.until;
}

/** What is left to spend at `now`, for each policy; what has ended is put aside to go back. */
export function unitsLeft(held: Held, policies: number, now: number): number[] {
  const left = new Array<number>(policies).fill(0);
  let ended = false;
  for (const { units, askedAt, until } of held.batches) {
    if (now < askedAt || now >= until) ended = true;
    else addTo(left, units);
  }
  if (ended) {
    const over = held.batches.filter(({ askedAt, until }) => now < askedAt || now >= until);
    held.batches = held.batches.filter((batch) => !over.includes(batch));
    putAside(held, over);
  }
  return left;
}

/** Spends `costs`, the oldest units first; they must be there. */
export function spend(held: Held, costs: readonly number[]): Spending {
  const { epoch } = held;
  const batch = held.batches[0] as Batch;
  costs.forEach((cost, i) => {
    let open = cost;
    for (const { units } of held.batches) {
      const taken = Math.min(open, units[i] as number);
      units[i] = (units[i] as number) - taken;
      open -= taken;
    }
  });
  if (batch.units.every((left) => left === 0))
    held.batches = held.batches.filter(({ units }) => units.some((left) => left > 0));
  return { held, epoch, batch, costs };
}

/** Puts back what was spent, all of it with the end of the oldest unit: none may be spent for longer than before. */
export function putBack({ held, epoch, batch, costs }: Spending): void {
  if (epoch !== held.epoch) return;
  addTo(batch.units, costs);
  if (!held.batches.includes(batch)) held.batches.unshift(batch);
}

/** Adds what was granted. */
export function keep(held: Held, batch: Batch): void {
  held.batches.push(batch);
  held.batches.sort((a, b) => a.until - b.until);
}

/** Ends what is held: requests under way grant nothing any more. What is left goes back later, or nowhere. */
export function end(held: Held, goesBack: boolean): void {
  if (goesBack) putAside(held, held.batches);
  else held.back = undefined;
  held.batches = [];
  held.dry = undefined;
  held.state = undefined;
  held.epoch += 1;
}

/**
 * With the time of the oldest: the store then counts as refilled at least what has been. What has waited for long is hardly
 * worth anything any more, and would take the rest down with it.
 */
function putAside(held: Held, batches: readonly Batch[]): void {
  for (const { units, since } of batches) {
    if (units.every((left) => left === 0)) continue;
    const before = held.back && Math.abs(since - held.back.since) < 2 * held.maxMs ? held.back : undefined;
    const sum = [...units];
    if (before) addTo(sum, before.units);
    held.back = { units: sum, since: Math.min(since, before?.since ?? since) };
    // A call that spent of this batch may still put back its own.
    units.fill(0);
  }
}

function addTo(sum: number[], units: readonly number[]): void {
  units.forEach((more, i) => {
    sum[i] = (sum[i] ?? 0) + more;
  });
}
