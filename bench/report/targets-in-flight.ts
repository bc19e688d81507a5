import type { InFlightRow } from "../in-flight/section.ts";
import type { Raw } from "../raw.ts";
import { number } from "./markdown.ts";
import type { Target } from "./target.ts";

const TARGET = "3, 3, 2";

/** What work in flight is billed, however much of it there is. */
export function inFlight({ inFlight }: Raw): Target[] {
  const billed = ({ hold, release, denied }: InFlightRow) =>
    [hold, release, denied].map(({ billed }) => number(billed)).join(", ");
  const own = new Set(inFlight.filter(({ name }) => name === "sluice").map(billed));
  return [
    {
      what: "work in flight: billed commands of a hold, a release and a denial",
      target: TARGET,
      measured: [...own].join("; "),
      met: own.size === 1 && own.has(TARGET),
      why: "A hold that has passed costs one command more where it decides: the clock of Redis is asked.",
    },
  ];
}
