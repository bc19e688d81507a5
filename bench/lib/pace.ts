/** How long the run takes its time. */
export interface Pace {
  readonly quick: boolean;
  readonly rounds: number;
  readonly inFlight: readonly number[];
  /** How often a round measures the loads that the targets are about: a stall of a shared machine lasts as long as one. */
  readonly timesForTargets: number;
  /** Length of one measurement under load. */
  readonly loadMs: number;
  /** Keys that are denied where many are. */
  readonly manyDenied: number;
  /** Rounds inside Redis: each takes a few seconds for all scripts. */
  readonly redisRounds: number;
  /** Calls in a row where calls take microseconds. */
  readonly isolateCalls: number;
  /** Holds, releases and denials that are timed where so many are held. */
  readonly holdCalls: number;
  /** Length of the traffic that decisions are judged on, in windows. */
  readonly trafficWindows: number;
  /** Most keys that Redis is filled with. */
  readonly mostKeys: number;
  /** Most entries that a log is filled with, one call each. */
  readonly mostLogEntries: number;
}

/** The run that RESULTS.md shows: under twelve minutes on two cores. */
export const FULL: Pace = {
  quick: false,
  rounds: 5,
  inFlight: [1, 10, 50, 100, 250],
  timesForTargets: 4,
  loadMs: 300,
  manyDenied: 10_000,
  redisRounds: 7,
  isolateCalls: 200_000,
  holdCalls: 300,
  trafficWindows: 6,
  mostKeys: 1_000_000,
  mostLogEntries: 10_000,
};

/** Every part once, under a minute: whether it works, not what it measures. */
export const QUICK: Pace = {
  quick: true,
  rounds: 1,
  inFlight: [1, 50],
  timesForTargets: 1,
  loadMs: 100,
  manyDenied: 200,
  redisRounds: 1,
  isolateCalls: 10_000,
  holdCalls: 20,
  trafficWindows: 2,
  mostKeys: 10_000,
  mostLogEntries: 1000,
};
