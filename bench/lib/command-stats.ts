import type { Redis } from "ioredis";

/** What Redis counted since the last reset. */
export interface CommandStats {
  /** Every command that a provider bills: those that clients send and those inside scripts. */
  readonly billed: number;
  /** µs of server time per EVALSHA, the commands inside it included; `NaN` without one. */
  readonly microsPerEvalsha: number;
}

/** What this bench asks itself, and what a connection says when it opens. */
const NOT_BILLED = new Set(["config|resetstat", "config", "info", "auth", "hello", "client|setinfo", "flushdb"]);

export async function resetStats(redis: Redis): Promise<void> {
  await redis.config("RESETSTAT");
}

export async function readStats(redis: Redis): Promise<CommandStats> {
  const lines = [
    ...(await redis.info("commandstats")).matchAll(/cmdstat_([\w|]+):calls=(\d+),usec=\d+,usec_per_call=([\d.]+)/g),
  ];
  const billed = lines
    .filter(([, name]) => !NOT_BILLED.has(name as string))
    .reduce((sum, [, , calls]) => sum + Number(calls), 0);
  return { billed, microsPerEvalsha: Number(lines.find(([, name]) => name === "evalsha")?.[3]) };
}

/** Bytes of all keys that hold the state of one identifier. */
export async function bytesOf(redis: Redis, identifier: string): Promise<number> {
  const keys = await redis.keys(`*${identifier}*`);
  const sizes = await Promise.all(keys.map((key) => redis.memory("USAGE", key)));
  return sizes.reduce<number>((sum, size) => sum + Number(size), 0);
}
