import { type Duration, durationMs } from "../../core/duration.ts";
import type { Observer } from "../../core/event.ts";
import { checkFunction, misuse } from "../../core/misuse.ts";
import { wholeNumber } from "../../core/whole-number.ts";
import type { RedisClient } from "../../store/redis-client.ts";
import { HOUR_MS } from "./hour.ts";

/** How keys get into analytics: as they are, as a part of their SHA-256, or not at all. */
export type AnalyticsKeys = "plain" | "hashed" | "none";

export interface AnalyticsOptions {
  /** Where the sums are kept: a client as for `redisStore`, of the same Redis or of another one. */
  redis: RedisClient;
  /** Stands before every key, as that of `redisStore`. Default: none. */
  namespace?: string | undefined;
  /** Age in ms from which sums are sent with the next event: a whole number from 1000 to 3 600 000. Default 60 000. */
  flushMs?: number | undefined;
  /** How long an hour is kept after it was last added to, up to `"366 d"`. Default `"30 d"`. */
  keep?: Duration | undefined;
  /**
   * Whether the keys that came most often are kept as they are (`"plain"`), as 22 characters of their SHA-256 (`"hashed"`:
   * addresses can be found by trying all) or not at all (`"none"`). Default `"plain"`.
   */
  keys?: AnalyticsKeys | undefined;
  /** The clock: ms since the epoch. Default `Date.now`. */
  now?: (() => number) | undefined;
  /** Who sees the requests that this observer makes itself: store events with purpose `"analytics"`. */
  onEvent?: Observer | readonly Observer[] | undefined;
}

export function checkedAnalyticsOptions(options: AnalyticsOptions) {
  if (typeof options !== "object" || options === null) throw misuse("The options of analytics", "an object", options);
  const { redis, namespace, onEvent } = options;
  const { flushMs = 60_000, keep = "30 d", keys = "plain", now = () => Date.now() } = options;
  if (keys !== "plain" && keys !== "hashed" && keys !== "none") {
    throw misuse("keys", '"plain", "hashed" or "none"', keys, true);
  }
  checkFunction("now", now);
  return {
    redis,
    namespace,
    flushMs: wholeNumber("flushMs", flushMs, 1000, HOUR_MS),
    keepMs: durationMs("keep", keep),
    keys,
    now,
    onEvent,
  };
}
