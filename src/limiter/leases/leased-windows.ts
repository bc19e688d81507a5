import type { Algorithm, Counts, Quota } from "../../algorithm/algorithm.ts";
import type { Policy } from "../../algorithm/policy.ts";
import { grantsWindows, type Script } from "../../algorithm/scripts.ts";
import { shown } from "../../core/misuse.ts";

/** A window in parts has to be so many times as long as a lease. */
const LEAST_LEASES = 10;

/** What leases need for windows in parts and of the calendar. Made by `leasedWindows`, so that only those ship it who use them. */
export interface LeasedWindows {
  /** Takes ahead for the usual algorithms, those with these letters and keys with a penalty. */
  readonly script: Script;
  readonly knows: string;
  /** The policy as it is with leases of so many ms, if it is for that; throws a `RangeError` if they are too long for it. */
  policy(policy: Policy, maxMs: number): Policy | undefined;
  /** Ms from `at` until the window ends that these counts are of; undefined for algorithms that it is not for. */
  leftMs(algorithm: Algorithm, counts: Counts, at: number): number | undefined;
}

/**
 * For `leases({ windows: leasedWindows() })`: leases for policies whose window is in `parts` or of the `calendar`, too. A window in
 * parts counts for longer by the time of a lease, so that what is spent so late is still in it.
 */
export function leasedWindows(): LeasedWindows {
  return {
    script: grantsWindows,
    knows: "cp",
    policy(policy, maxMs) {
      const { algorithm, name, windowMs } = policy;
      if (algorithm.code !== "p") return algorithm.code === "c" ? policy : undefined;
      if (windowMs >= LEAST_LEASES * maxMs) return { ...policy, algorithm: lengthened(algorithm, maxMs) };
      const numbers = `its window of ${windowMs} ms must be at least ${LEAST_LEASES} times that`;
      throw new RangeError(`leases.maxMs ${maxMs} is too long for the policy ${shown(name)}: ${numbers}`);
    },
    leftMs({ code }, [, end = 0], at) {
      if (code === "p") return Infinity;
      if (code !== "c") return undefined;
      // Of a period that is over, or of none yet: what is left of the running one is known with the next state.
      return end > at ? end - at : Infinity;
    },
  };
}

/** The same algorithm, whose windows are longer than their quotas say. */
function lengthened(algorithm: Algorithm, ms: number): Algorithm {
  const longer = (quota: Quota): Quota => ({ ...quota, windowMs: quota.windowMs + ms });
  return {
    ...algorithm,
    demand: (quota, ...rest) => algorithm.demand(longer(quota), ...rest),
    retryAfterMs: (counts, at, quota, cost) => algorithm.retryAfterMs(counts, at, longer(quota), cost),
  };
}
