import { withDeadline } from "../../limiter/deadline.ts";
import { redisStore } from "../../store/redis.ts";
import { denyListKeys } from "./guard.ts";
import { clientOf, type Redis } from "./redis.ts";
import { dropAddresses, replaceAddresses } from "./scripts.ts";

/** One file for each level: how many lists of abuse an address is on at least. */
const LISTS = "https://raw.githubusercontent.com/stamparm/ipsum/master/levels";
const TIMEOUT_MS = 30_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** A threshold that is no whole number from 1 to 8. */
export class ThresholdError extends Error {
  override readonly name = "ThresholdError";

  constructor(threshold: number) {
    super(`threshold must be a whole number from 1 to 8, not ${threshold}`);
  }
}

/**
 * Fetches the addresses that are on `threshold` public lists of abuse or more, 1 to 8, and puts them on the deny list of `prefix` in place of those
 * that were fetched before. What was denied by hand stays. `ttl`: ms until they are due again; default: until 2:00 UTC, when the lists
 * are made anew. Resolves to what the commands replied.
 */
export async function updateIpDenyList(
  redis: Redis,
  prefix: string,
  threshold: number,
  ttl: number = untilTwo(Date.now()),
): Promise<unknown[]> {
  if (!Number.isInteger(threshold) || threshold < 1 || threshold > 8) throw new ThresholdError(threshold);
  const addresses = await withDeadline(TIMEOUT_MS, undefined, async (signal) => {
    const response = await fetch(`${LISTS}/${threshold}.txt`, { signal });
    if (!response.ok) throw new Error(`The list of addresses could not be fetched: status ${response.status}`);
    return (await response.text()).split("\n").filter((line) => line !== "");
  });
  return run(redis, prefix, replaceAddresses, [`${ttl}`, ...addresses]);
}

/** Takes the fetched addresses off the deny list of `prefix`, and no limiter fetches them any more. */
export async function disableIpDenyList(redis: Redis, prefix: string): Promise<unknown[]> {
  return run(redis, prefix, dropAddresses, []);
}

async function run(redis: Redis, prefix: string, script: typeof dropAddresses, args: string[]): Promise<unknown[]> {
  const { all, addresses, status } = denyListKeys(prefix);
  const store = redisStore(clientOf(redis));
  const replies = await withDeadline(TIMEOUT_MS, undefined, (signal) =>
    store.run(script, [all, addresses, status], args, signal),
  );
  return replies as unknown[];
}

function untilTwo(now: number): number {
  return DAY_MS - ((now - 2 * HOUR_MS) % DAY_MS);
}
