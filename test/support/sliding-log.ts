/** What the twin of the sliding log keeps: the list in Redis, and at its front what waits to be freed. */
interface Log {
  readonly pairs: readonly number[];
  readonly first: number;
}

/** A copy of the list that Redis would have; a log that holds nothing is none. */
export function listOf(kept: unknown): number[] {
  const { pairs, first } = (kept ?? { pairs: [], first: 0 }) as Log;
  return pairs.length - first > 2 ? pairs.slice(first) : [];
}
