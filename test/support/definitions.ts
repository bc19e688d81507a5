import type { Policy } from "../../src/algorithm/policy.ts";

/**
 * What the documentation says of one policy and one key, carried out as plainly as it can be said, call by call. Shares no code
 * with src/. Times never run backwards: callers pass the latest time seen.
 */
export interface Definition {
  allows(at: number, cost: number, limit: number): boolean;
  /** Units that could be taken, rounded down. */
  remaining(at: number, limit: number): number;
  take(at: number, cost: number, limit: number): void;
  /** Of what was taken at `since` only as much comes back as has not come back by itself. */
  giveBack(at: number, cost: number, limit: number, since?: number): void;
  /** The latest time that is known, where a call may be allowed and bring none: a log is not written for no units. */
  latest?(): number;
}

/** Tokens flow in at the limit in force up to the burst in force, counted in units: a token is `windowMs` of them. */
function bucket({ limit: ownLimit, burst: ownBurst, windowMs }: Policy): Definition {
  let [level, full, since] = [0, 0, 0];
  const fullOf = (limit: number) => Math.max(1, Math.floor((ownBurst * limit) / ownLimit)) * windowMs;
  /** What is there at `at`, if the limit in force is this one: a smaller bucket is at least empty, and a debt stays. */
  const levelAt = (at: number, limit: number) => {
    const now = fullOf(limit);
    if (full === 0) return now;
    const missing = full - level;
    const moved = level < 0 ? level : Math.max(0, now - missing);
    return Math.min(now, moved + (at - since) * limit);
  };
  const set = (at: number, limit: number, to: number) => {
    [level, full, since] = [Math.min(to, fullOf(limit)), fullOf(limit), at];
  };
  return {
    allows: (at, cost, limit) => levelAt(at, limit) >= cost * windowMs && cost * windowMs <= fullOf(limit),
    remaining: (at, limit) => Math.max(0, Math.floor(levelAt(at, limit) / windowMs)),
    take: (at, cost, limit) => set(at, limit, levelAt(at, limit) - cost * windowMs),
    giveBack(at, cost, limit, since = at) {
      const flowedIn = since > at ? Infinity : (at - since) * limit;
      set(at, limit, levelAt(at, limit) + Math.max(0, cost * windowMs - flowedIn));
    },
  };
}

/** What was taken in each window, by the window's number. */
function windowSums(windowMs: number) {
  const sums = new Map<number, number>();
  const index = (at: number) => Math.floor(at / windowMs);
  const sum = (i: number) => sums.get(i) ?? 0;
  return { index, sum, set: (i: number, to: number) => void sums.set(i, to) };
}

function fixed({ windowMs }: Policy): Definition {
  const { index, sum, set } = windowSums(windowMs);
  const used = (at: number) => sum(index(at));
  return {
    allows: (at, cost, limit) => used(at) + cost <= limit,
    remaining: (at, limit) => Math.max(0, limit - used(at)),
    take: (at, cost) => set(index(at), used(at) + cost),
    giveBack(at, cost, _limit, since = at) {
      if (since <= at && index(since) === index(at)) set(index(at), Math.max(0, used(at) - cost));
    },
  };
}

/** The window before counts by what of it the last `windowMs` still overlap. */
function sliding({ windowMs }: Policy): Definition {
  const { index, sum, set } = windowSums(windowMs);
  const weighted = (at: number) => {
    const i = index(at);
    return sum(i) * windowMs + sum(i - 1) * ((i + 1) * windowMs - at);
  };
  return {
    allows: (at, cost, limit) => weighted(at) + cost * windowMs <= limit * windowMs,
    remaining: (at, limit) => Math.max(0, Math.floor((limit * windowMs - weighted(at)) / windowMs)),
    take: (at, cost) => set(index(at), sum(index(at)) + cost),
    // What this window has not taken comes out of the window before.
    giveBack(at, cost, _limit, since) {
      if (since !== undefined) {
        if (since <= at) set(index(since), Math.max(0, sum(index(since)) - cost));
        return;
      }
      const i = index(at);
      const here = Math.min(cost, sum(i));
      set(i, sum(i) - here);
      set(i - 1, Math.max(0, sum(i - 1) - (cost - here)));
    },
  };
}

/** Every unit with its time; the oldest that count are given back first. */
export function exactWindow({ windowMs }: Policy): Definition {
  let entries: { at: number; units: number }[] = [];
  let latest = 0;
  const counting = (at: number) => entries.filter((entry) => at - entry.at < windowMs && entry.units > 0);
  const used = (at: number) => counting(at).reduce((sum, { units }) => sum + units, 0);
  return {
    allows: (at, cost, limit) => used(at) + cost <= limit,
    remaining: (at, limit) => Math.max(0, limit - used(at)),
    take(at, cost) {
      if (cost === 0) return;
      // What has left for longer than clocks differ is asked for by nobody.
      entries = entries.filter((entry) => at - entry.at < windowMs + 1000);
      entries.push({ at, units: cost });
      latest = at;
    },
    giveBack(at, cost, _limit, since = at) {
      if (cost === 0 || since > at || at - since >= windowMs || used(at) === 0) return;
      latest = at;
      let left = cost;
      for (const entry of counting(at)) {
        const units = Math.min(left, entry.units);
        entry.units -= units;
        left -= units;
      }
    },
    latest: () => latest,
  };
}

/** Units are put into parts in their order; a part is closed at `limit / parts` units and leaves a window after its last unit. */
function parts({ windowMs, algorithm }: Policy): Definition {
  const most = Number(/^p(\d+)-/.exec(algorithm.kind?.("") ?? "")?.[1]);
  let all: { last: number; units: number }[] = [];
  const counting = (at: number) => all.filter(({ last, units }) => last > at - windowMs && units > 0);
  const used = (at: number) => counting(at).reduce((sum, { units }) => sum + units, 0);
  return {
    allows: (at, cost, limit) => used(at) + cost <= limit,
    remaining: (at, limit) => Math.max(0, limit - used(at)),
    take(at, cost, limit) {
      if (cost === 0) return;
      // What has left for longer than clocks differ is asked for by nobody.
      all = all.filter(({ last }) => last > at - windowMs - 1000);
      const parts = counting(at);
      const newest = parts.at(-1);
      if (newest && (newest.units < limit / most || parts.length === most)) {
        newest.units += cost;
        newest.last = at;
      } else all.push({ last: at, units: cost });
    },
    giveBack(at, cost, _limit, since) {
      if (since !== undefined && (since > at || at - since >= windowMs)) return;
      let left = cost;
      for (const part of counting(at)) {
        if (since !== undefined && part.last < since) continue;
        const given = Math.min(left, part.units);
        part.units -= given;
        left -= given;
      }
    },
  };
}

const BY_CODE: Readonly<Record<string, (policy: Policy) => Definition>> = {
  b: bucket,
  f: fixed,
  s: sliding,
  l: exactWindow,
  p: parts,
  // A day of the calendar in UTC.
  c: fixed,
};

export function definitionOf(policy: Policy): Definition {
  const define = BY_CODE[policy.algorithm.code];
  if (!define) throw new Error(`no definition of ${policy.algorithm.code}`);
  return define(policy);
}
