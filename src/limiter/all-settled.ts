/** Waits until no task is under way any more; rejects then with the reason of the first in the list that failed. */
export async function allSettled(tasks: Iterable<Promise<unknown>>): Promise<void> {
  for (const one of await Promise.allSettled(tasks)) if (one.status === "rejected") throw one.reason;
}
