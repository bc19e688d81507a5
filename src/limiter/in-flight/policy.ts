import { inFlightAlgorithm } from "../../algorithm/in-flight/algorithm.ts";
import type { Policy } from "../../algorithm/policy.ts";
import { type Duration, durationMs } from "../../core/duration.ts";
import { checkedText, misuse } from "../../core/misuse.ts";
import { wholeNumber } from "../../core/whole-number.ts";
import type { Bringing } from "../extension.ts";
import type { Level } from "../level.ts";
import { holdMethods } from "./hold.ts";
import { inFlightLevel, MAX_HELD, shortSnapshots } from "./level.ts";

export interface InFlightOptions {
  /** Most units of work at once, a whole number from 1 to 1000; each hold takes one, or its `cost`. */
  limit: number;
  /**
   * How long a hold lasts unless it is released or extended, 1 ms to 366 days: milliseconds or `"30 s"`. After a crash its place is
   * free again at the latest then, so a little more than work usually takes, or than passes between two chunks of a stream.
   */
  hold: Duration;
  /** 1 to 64 printable ASCII characters. Default: made of the limit, as in `"5-in-flight"`. */
  name?: string | undefined;
}

/** A policy of `inFlight`: it makes a limiter that has `hold`. */
export interface InFlightPolicy extends Policy, Bringing {}

/**
 * At most `limit` pieces of work at once, each for at most `hold` unless it is extended: model calls, exports, sockets. It is the only
 * policy of its limiter, whose `hold` takes a place. Throws a `TypeError` or `RangeError` that names the option.
 */
export function inFlight(options: InFlightOptions): InFlightPolicy {
  if (typeof options !== "object" || options === null) throw misuse("A policy's options", "an object", options);
  const limit = wholeNumber("limit", options.limit, 1, MAX_HELD);
  return Object.freeze({
    algorithm: inFlightAlgorithm,
    name: checkedText("name", options.name ?? `${limit}-in-flight`, /^[\x20-\x7e]+$/, "printable ASCII characters"),
    limit,
    windowMs: durationMs("hold", options.hold),
    burst: limit,
    brings: {
      level: (level: Level): Level => ({ ...inFlightLevel(level), methods: holdMethods, holds: true }),
      options: shortSnapshots,
    },
  });
}
