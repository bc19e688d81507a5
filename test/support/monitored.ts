import type { Redis } from "ioredis";
import { monitor } from "./monitor.ts";

/** The commands that Redis runs meanwhile, by name, those inside scripts included. */
export async function monitored(
  url: string,
  redis: Redis,
  task: () => Promise<unknown>,
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  const end = `end of ${crypto.randomUUID()}`;
  let isOver = (): void => {};
  const over = new Promise<void>((resolve) => {
    isOver = resolve;
  });
  const monitoring = await monitor(url, ([command = "", word = ""]) => {
    if (word === end) return isOver();
    const name = command.toLowerCase();
    counts[name] = (counts[name] ?? 0) + 1;
  });
  try {
    await task();
    // What MONITOR tells comes in the order of the commands.
    await redis.echo(end);
    await over;
    return counts;
  } finally {
    monitoring.stop();
  }
}
