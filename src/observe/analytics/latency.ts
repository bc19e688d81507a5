/** The upper bounds of the histogram's classes, in ms, each included; the last class has what took longer. */
export const BOUNDS_MS: readonly number[] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, Infinity];

/** The bound of the class that `ms` falls into. */
export const boundOf = (ms: number): number => BOUNDS_MS.find((bound) => ms <= bound) ?? Infinity;
