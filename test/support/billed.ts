import type { Redis } from "ioredis";

/** The commands that Redis carried out meanwhile, those inside scripts included, as Upstash would bill them. */
export async function billed(redis: Redis, task: () => Promise<unknown>): Promise<Record<string, number>> {
  await redis.config("RESETSTAT");
  await task();
  const lines = (await redis.info("commandstats")).matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm);
  const counts = [...lines].map(([, command, calls]) => [command, Number(calls)]);
  return Object.fromEntries(counts.filter(([command]) => command !== "config|resetstat"));
}
