import type { Raw } from "../raw.ts";
import { number, percent, table } from "./markdown.ts";

export function accuracyTables({ accuracy }: Raw): string {
  return `Each answer is held against a definition, given what the limiter itself admitted before: denied although there was
room, or admitted although there was none. *Due* is what the definition alone would have admitted. The quota is 100 per
10 s. The exact window is "never more than 100 in any 10 s"; two counters are the sliding window's own definition; the
exact bucket refills without steps. Poisson callers ask at rates from a tenth of the limit up. Two counters know how much
was used before and not when, so a caller that keeps asking beyond its limit is admitted evenly instead of as soon as an
old call leaves the window. With steady demand it gets what is due all the same; after a sudden change it gets more or
less. Who polls while there is room is wrongly denied each time, so pollers weigh heavily. Ten parts never admit wrongly, and let a call pass when the part leaves whose
units it needs, which is later than the moment by as long as the part took to fill. Who needs the very moment takes
\`slidingLog\`, which is never wrong and costs memory.

${table(
  accuracy.map((row) => ({
    traffic: row.traffic,
    library: row.library,
    algorithm: row.algorithm,
    "held against": row.heldAgainst,
    checks: number(row.checks),
    admitted: number(row.admitted),
    due: number(row.due),
    "wrongly denied": number(row.wronglyDenied),
    "wrongly admitted": number(row.wronglyAdmitted),
    wrong: percent((row.wronglyDenied + row.wronglyAdmitted) / row.checks),
  })),
)}`;
}
