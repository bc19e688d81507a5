/**
 * What an algorithm's definition says, worked out from the list of everything admitted. Shares no code with src/, and
 * keeps no counts. In BigInt, so that there is nothing to round.
 */
export interface Oracle {
  allows(at: number, cost: number, limit: number): boolean;
  /** Units that could be taken, rounded down. */
  remaining(at: number, limit: number): number;
  admit(at: number, cost: number): void;
}

interface Admitted {
  readonly at: number;
  readonly cost: number;
}

const sum = (list: readonly Admitted[]) => list.reduce((total, { cost }) => total + cost, 0);

/**
 * In no interval between two admissions more than burst + elapsed × limit / window, and nothing is denied that keeps to
 * that. Without limits of its own for a call: the pace of a bucket is part of its history.
 */
export function bucketOracle(limit: number, windowMs: number, burst: number): Oracle {
  const admitted: Admitted[] = [];
  /** What the fullest interval that ends at `at` leaves over, times the window. */
  const room = (at: number) => {
    let least = BigInt(burst) * BigInt(windowMs);
    let taken = 0n;
    for (const { at: from, cost } of admitted.toReversed()) {
      taken += BigInt(cost) * BigInt(windowMs);
      const left = BigInt(burst) * BigInt(windowMs) + BigInt(at - from) * BigInt(limit) - taken;
      if (left < least) least = left;
    }
    return least;
  };
  return {
    allows: (at, cost) => cost <= burst && BigInt(cost) * BigInt(windowMs) <= room(at),
    remaining: (at) => Math.max(0, Number(room(at) / BigInt(windowMs))),
    admit: (at, cost) => admitted.push({ at, cost }),
  };
}

/** Per window aligned to the epoch no more than the limit. */
export function fixedWindowOracle(windowMs: number): Oracle {
  return countingOracle((one, at) => Math.floor(one.at / windowMs) === Math.floor(at / windowMs));
}

/** In the window that ends now, and so in any that ever ended, no more than the limit. */
export function slidingLogOracle(windowMs: number): Oracle {
  return countingOracle((one, at) => at - one.at < windowMs);
}

function countingOracle(counts: (one: Admitted, at: number) => boolean): Oracle {
  const admitted: Admitted[] = [];
  const used = (at: number) => sum(admitted.filter((one) => counts(one, at)));
  return {
    allows: (at, cost, limit) => used(at) + cost <= limit,
    remaining: (at, limit) => Math.max(0, limit - used(at)),
    admit: (at, cost) => admitted.push({ at, cost }),
  };
}

/** What the running window and the share of the one before that still overlaps come to, no more than the limit. */
export function slidingWindowOracle(windowMs: number): Oracle {
  const admitted: Admitted[] = [];
  const within = (index: number) => BigInt(sum(admitted.filter((one) => Math.floor(one.at / windowMs) === index)));
  /** What is left, times the window. */
  const room = (at: number, limit: number) => {
    const index = Math.floor(at / windowMs);
    const overlapMs = BigInt((index + 1) * windowMs - at);
    return BigInt(limit) * BigInt(windowMs) - within(index) * BigInt(windowMs) - within(index - 1) * overlapMs;
  };
  return {
    allows: (at, cost, limit) => BigInt(cost) * BigInt(windowMs) <= room(at, limit),
    remaining: (at, limit) => Math.max(0, Number(room(at, limit) / BigInt(windowMs))),
    admit: (at, cost) => admitted.push({ at, cost }),
  };
}
