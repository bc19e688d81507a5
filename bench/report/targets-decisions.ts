import type { AccuracyRow } from "../accuracy/section.ts";
import type { Raw } from "../raw.ts";
import { number, percent } from "./markdown.ts";
import type { Target } from "./target.ts";

export function accuracy({ accuracy: rows }: Raw): Target[] {
  const wrong = (against: AccuracyRow["heldAgainst"], traffic?: string) => {
    const some = rows.filter(
      (row) =>
        row.library === "sluice" &&
        row.algorithm === "sliding window" &&
        row.heldAgainst === against &&
        (traffic === undefined || row.traffic === traffic),
    );
    const count = some.reduce((sum, { wronglyDenied, wronglyAdmitted }) => sum + wronglyDenied + wronglyAdmitted, 0);
    return { count, share: count / some.reduce((sum, { checks }) => sum + checks, 0) };
  };
  const own = wrong("two counters").count;
  const poisson = (traffic: string): Target => {
    const { share } = wrong("exact window", traffic);
    return {
      what: `sliding window: wrong decisions by an exact window, ${traffic}`,
      target: "≤ 1 %",
      measured: percent(share),
      met: share <= 0.01,
      why: "Two counters don't know when in the window before the calls were made. A caller that keeps asking beyond its limit is admitted evenly, and not in the very moment in which an old call leaves the window. `slidingLog` is exact to the moment.",
    };
  };
  return [
    {
      what: "sliding window: wrong decisions by its own definition, all traffic",
      target: "0",
      measured: number(own),
      met: own === 0,
      why: "The sliding window does not do what it says: a bug.",
    },
    poisson("Poisson, to 0.8 of the limit"),
    poisson("Poisson, to twice the limit"),
    ...inParts(rows),
  ];
}

/** What a sliding window of ten parts promises, and how much of the due it admits. */
function inParts(all: readonly AccuracyRow[]): Target[] {
  const rows = all.filter(({ algorithm }) => algorithm === "sliding window, 10 parts");
  if (rows.length === 0) return [];
  const wrong = rows.reduce((sum, { wronglyAdmitted }) => sum + wronglyAdmitted, 0);
  const least = (some: readonly AccuracyRow[]) => Math.min(...some.map(({ admitted, due }) => admitted / due));
  const admits = (what: string, some: readonly AccuracyRow[], target: number): Target => ({
    what: `sliding window, 10 parts: admitted of what is due by an exact window, ${what}`,
    target: `≥ ${percent(target)}`,
    measured: percent(least(some)),
    met: least(some) >= target,
    why: "The units of a part leave together, with the last of them: until then up to a tenth of the limit counts for too long.",
  });
  return [
    {
      what: "sliding window, 10 parts: admitted wrongly by an exact window, all traffic",
      target: "0",
      measured: number(wrong),
      met: wrong === 0,
      why: "More than the limit fell into one window: a bug.",
    },
    admits("any traffic", rows, 0.9),
    admits(
      "Poisson, to twice the limit",
      rows.filter(({ traffic }) => traffic === "Poisson, to twice the limit"),
      0.95,
    ),
  ];
}

export function money({ money: rows }: Raw): Target[] {
  const row = (mix: string, library: string, cache: boolean) =>
    rows.find(
      (one) => one.mix === mix && one.library === library && one.cache === cache && one.algorithm === "sliding window",
    );
  const fewer = (what: string, mix: string, cache: boolean, target: number, why: string): Target => {
    const own = row(mix, "sluice", true)?.billedPerMillion ?? Number.NaN;
    const share = 1 - own / (row(mix, "@upstash/ratelimit", cache)?.billedPerMillion ?? Number.NaN);
    return { what, target: `≥ ${percent(target)}`, measured: percent(share), met: share >= target, why };
  };
  const attack = "attack, 95 % denied";
  const { denied = 0, checks = 0 } = row(attack, "@upstash/ratelimit", true) ?? {};
  const why = `Under attack Sluice bills the calls that it admits, three commands each, and next to nothing else. The cache of @upstash/ratelimit bills less because it denies more than is due: ${percent(denied / checks)} where 95 % are.`;
  const allowed = "fewer billed commands than @upstash/ratelimit, all allowed, sliding window";
  return [
    fewer(
      allowed,
      "all allowed",
      true,
      0.25,
      "A call, a read and a write are three commands; there is nothing left out.",
    ),
    fewer("the same under attack, its cache off", attack, false, 0.9, why),
    fewer("the same under attack, its cache on", attack, true, 0.9, why),
  ];
}
