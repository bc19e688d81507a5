/** Ms since the epoch, as every library in this process sees them by `Date.now`. */
export interface SimulatedClock {
  now(): number;
  set(ms: number): void;
}

/** Replaces `Date.now` while `task` runs. Timers and Redis keep real time, so simulated time must run faster than that. */
export async function withSimulatedClock<T>(start: number, task: (clock: SimulatedClock) => Promise<T>): Promise<T> {
  const real = Date.now;
  let time = start;
  Date.now = () => time;
  try {
    return await task({
      now: () => time,
      set: (ms) => {
        time = ms;
      },
    });
  } finally {
    Date.now = real;
  }
}
