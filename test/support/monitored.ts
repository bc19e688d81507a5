import type { Redis } from "ioredis";
import { connect } from "./redis.ts";

/** The commands that MONITOR tells of meanwhile, by name, those inside scripts included. */
export async function monitored(
  url: string,
  redis: Redis,
  task: () => Promise<unknown>,
): Promise<Record<string, number>> {
  const own = await connect(url);
  const monitor = await own.monitor();
  const counts: Record<string, number> = {};
  const end = `end of ${crypto.randomUUID()}`;
  const over = new Promise<void>((resolve) => {
    monitor.on("monitor", (_time: string, [command = "", word = ""]: string[]) => {
      if (word === end) return resolve();
      const name = command.toLowerCase();
      counts[name] = (counts[name] ?? 0) + 1;
    });
  });
  try {
    await task();
    // What MONITOR tells comes in the order of the commands.
    await redis.echo(end);
    await over;
    return counts;
  } finally {
    monitor.disconnect();
    own.disconnect();
  }
}
