import type { AccuracyRow } from "../accuracy/section.ts";
import type { EndToEndRow } from "../end-to-end/section.ts";
import type { Raw } from "../raw.ts";
import { number, percent, table } from "./markdown.ts";
import { endToEndRow, ratio } from "./select.ts";

/** The figures that the project set out to reach, each with what it came to, reached or not. */
export function targets(raw: Raw): string {
  return table(
    [...throughput(raw), ...denials(raw), memory(raw), ...accuracy(raw), ...money(raw)].map(
      ([what, target, measured, met]) => ({
        what,
        target,
        measured,
        reached: met ? "yes" : "no",
      }),
    ),
  );
}

type Target = readonly [what: string, target: string, measured: string, met: boolean];

function throughput(raw: Raw): Target[] {
  const load = { path: "allowed", keys: 1, inFlight: 50 } as const;
  const by = (runtime: EndToEndRow["runtime"], library: EndToEndRow["library"]): Target[] => {
    const own = endToEndRow(raw, library, { runtime, ...load });
    const times = ratio(own, endToEndRow(raw, "@upstash/ratelimit", { runtime, ...load }));
    const words = `allowed checks per second by @upstash/ratelimit's, 50 in flight, ${runtime === "node" ? "Node" : runtime}, ${library}`;
    return own ? [[words, "≥ 1.15 ×", `${number(times)} ×`, times >= 1.15]] : [];
  };
  return [...by("node", "sluice"), ...by("node", "sluice, pipeline"), ...by("workerd", "sluice")];
}

function denials(raw: Raw): Target[] {
  const runtimes = ["node", "workerd"] as const;
  return runtimes.flatMap((runtime): Target[] => {
    const load = { runtime, keys: 1, inFlight: 50 };
    const own = endToEndRow(raw, "sluice", { ...load, path: "denied" });
    const cached = ratio(own, endToEndRow(raw, "@upstash/ratelimit", { ...load, path: "denied" }));
    const asked = ratio(own, endToEndRow(raw, "@upstash/ratelimit", { ...load, path: "allowed" }));
    const name = runtime === "node" ? "Node" : runtime;
    return [
      [
        `denials per second by @upstash/ratelimit's checks that ask Redis, ${name}`,
        "≥ 100 ×",
        `${number(asked)} ×`,
        asked >= 100,
      ],
      [`denials per second by those from its cache, ${name}`, "≥ 100 ×", `${number(cached)} ×`, cached >= 100],
    ];
  });
}

function memory({ isolate }: Raw): Target {
  const perSecond =
    isolate.calls.find(({ name, what }) => name === "sluice" && what === "memory")?.perSecond.median ?? 0;
  return ["consumes per second on the memory store", "≥ 1 000 000", number(perSecond), perSecond >= 1_000_000];
}

function accuracy({ accuracy: rows }: Raw): Target[] {
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
  const within = wrong("exact window", "Poisson, to 0.8 of the limit").share;
  const over = wrong("exact window", "Poisson, to twice the limit").share;
  const words = (to: string) => `sliding window: wrong decisions by an exact window, Poisson callers ${to} the limit`;
  return [
    ["sliding window: wrong decisions by its own definition, all traffic", "0", number(own), own === 0],
    [words("to 0.8 of"), "≤ 1 %", percent(within), within <= 0.01],
    [words("to twice"), "≤ 1 %", percent(over), over <= 0.01],
  ];
}

function money({ money: rows }: Raw): Target[] {
  const billed = (mix: string, library: string, cache: boolean) =>
    rows.find(
      (row) => row.mix === mix && row.library === library && row.cache === cache && row.algorithm === "sliding window",
    )?.billedPerMillion ?? Number.NaN;
  const fewer = (mix: string, cache: boolean) =>
    1 - billed(mix, "sluice", true) / billed(mix, "@upstash/ratelimit", cache);
  const attack = "attack, 95 % denied";
  const allowed = fewer("all allowed", true);
  const [uncached, cached] = [fewer(attack, false), fewer(attack, true)];
  return [
    [
      "fewer billed commands than @upstash/ratelimit, all allowed, sliding window",
      "25 %",
      percent(allowed),
      allowed >= 0.25,
    ],
    ["the same under attack, its cache off", "> 90 %", percent(uncached), uncached > 0.9],
    ["the same under attack, its cache on", "> 90 %", percent(cached), cached > 0.9],
  ];
}
