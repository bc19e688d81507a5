/** A clock that may be wrong. Plain data: what it shows follows from the true time. */
export interface Clock {
  /** Ms that it is ahead; below 0, behind. */
  offsetMs: number;
  /** Shown ms per true ms. */
  readonly pace: number;
}

/** The true time at which every world starts: a midnight, so that windows of every usual length begin there. */
export const EPOCH_MS = Date.UTC(2026, 0, 1);

export const exactClock = (): Clock => ({ offsetMs: 0, pace: 1 });

/** What the clock shows at `trueMs` since the world's start, in whole ms since the epoch. */
export function shown({ offsetMs, pace }: Clock, trueMs: number): number {
  return Math.floor(EPOCH_MS + offsetMs + trueMs * pace);
}
