/** A clock that only moves when told to, ms since the epoch. */
export interface PassedClock {
  now(): number;
  advance(ms: number): void;
}

export function passedClock(start = 1_760_000_000_000): PassedClock {
  let now = start;
  return {
    now: () => now,
    advance(ms) {
      now += ms;
    },
  };
}
