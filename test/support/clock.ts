/** A clock that tests set. */
export interface Clock {
  ms: number;
  readonly now: () => number;
}

/** A midnight, so that windows of every usual length start here. */
export const MIDNIGHT = Date.UTC(2026, 0, 1);

export function clockAt(ms = MIDNIGHT): Clock {
  const clock: Clock = { ms, now: () => clock.ms };
  return clock;
}
