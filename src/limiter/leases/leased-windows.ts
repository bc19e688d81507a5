import type { Algorithm, Counts } from "../../algorithm/algorithm.ts";
import { grantsWindows, type Script } from "../../algorithm/scripts.ts";

/** What leases need for windows of the calendar. Made by `leasedWindows`, so that only those ship it who use them. */
export interface LeasedWindows {
  /** Takes ahead for the usual algorithms, those with these letters and keys with a penalty. */
  readonly script: Script;
  readonly knows: string;
  /** Ms from `at` until the window ends that these counts are of; undefined for algorithms that it is not for. */
  leftMs(algorithm: Algorithm, counts: Counts, at: number): number | undefined;
}

/** For `leases({ windows: leasedWindows() })`: leases for policies whose window is `calendar(…)`, too. */
export function leasedWindows(): LeasedWindows {
  return {
    script: grantsWindows,
    knows: "c",
    leftMs({ code }, [, end = 0], at) {
      if (code !== "c") return undefined;
      // Of a period that is over, or of none yet: what is left of the running one is known with the next state.
      return end > at ? end - at : Infinity;
    },
  };
}
