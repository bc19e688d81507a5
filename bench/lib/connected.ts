import { Redis } from "ioredis";
import { ioredisOptions } from "sluice/ioredis";

/** A TCP connection that is ready, with the options that Sluice asks for. */
export async function connected(url: string): Promise<Redis> {
  const redis = new Redis(url, { ...ioredisOptions, lazyConnect: true });
  await redis.connect();
  return redis;
}
