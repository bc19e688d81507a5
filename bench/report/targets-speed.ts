import type { EndToEndRow } from "../end-to-end/section.ts";
import type { Raw } from "../raw.ts";
import { number } from "./markdown.ts";
import { endToEndRow, ratio } from "./select.ts";
import type { Target } from "./target.ts";

const NAMES = { node: "Node", workerd: "workerd" } as const;

export function throughput(raw: Raw): Target[] {
  const by = (runtime: EndToEndRow["runtime"], library: EndToEndRow["library"]): Target[] => {
    const row = (who: EndToEndRow["library"]) =>
      endToEndRow(raw, who, { runtime, path: "allowed", keys: 1, inFlight: 50 });
    const own = row(library);
    if (!own) return [];
    const times = ratio(own, row("@upstash/ratelimit"));
    const bare = number(ratio(row("bare request"), row("@upstash/ratelimit")));
    return [
      {
        what: `allowed checks per second by @upstash/ratelimit's, 50 in flight, ${NAMES[runtime]}: ${library}`,
        target: "≥ 1.15 ×",
        measured: `${number(times)} ×`,
        met: times >= 1.15,
        why: `${NAMES[runtime]}, one request a check: \`fetch\` is most of what a check takes there. A bare request, with no limiter around it, no script behind it and no signal that could end it in time, comes to ${bare} × @upstash/ratelimit's checks. The signal costs about a tenth; Sluice passes it, so that a check given up on takes nothing later. On a server, \`pipeline: true\` gets past this bound.`,
      },
    ];
  };
  return [...by("node", "sluice"), ...by("node", "sluice, pipeline"), ...by("workerd", "sluice")];
}

export function denials(raw: Raw): Target[] {
  return (["node", "workerd"] as const).flatMap((runtime) => {
    const load = { runtime, keys: 1, inFlight: 50 };
    const own = endToEndRow(raw, "sluice", { ...load, path: "denied" });
    const by = (what: string, path: EndToEndRow["path"]): Target => {
      const times = ratio(own, endToEndRow(raw, "@upstash/ratelimit", { ...load, path }));
      return {
        what: `denials per second by @upstash/ratelimit's ${what}, ${NAMES[runtime]}`,
        target: "≥ 100 ×",
        measured: `${number(times)} ×`,
        met: times >= 100,
        why: "Denials from @upstash/ratelimit's cache ask nobody either: both are a look into a map, a microsecond or two. What differs is who is denied, see Accuracy.",
      };
    };
    return [by("checks that ask Redis", "allowed"), by("denials from its cache", "denied")];
  });
}

/** What ten parts, all in use, cost Redis, by what two counters do. */
export function partsInRedis({ redisSide }: Raw): Target[] {
  const micros = (algorithm: string) =>
    redisSide.find((row) => row.name === "sluice" && row.path === "allowed" && row.algorithm === algorithm)
      ?.microsPerEvalsha.median ?? Number.NaN;
  const times = micros("sliding window, 10 parts") / micros("sliding window");
  if (Number.isNaN(times)) return [];
  return [
    {
      what: "server time of a sliding window of 10 parts by that of two counters",
      target: "≤ 1.6 ×",
      measured: `${number(times)} ×`,
      met: times <= 1.6,
      why: "Of ten parts the script reads two and writes one; the others' bytes are copied.",
    },
  ];
}

export function memory({ isolate }: Raw): Target {
  const own = isolate.calls.find(({ name, what }) => name === "sluice" && what === "memory");
  const { median = Number.NaN, high = Number.NaN } = own?.perSecond ?? {};
  const micros = number(own?.cpuMicros.median ?? Number.NaN);
  return {
    what: "consumes per second on the memory store",
    target: "≥ 1 000 000",
    measured: number(median),
    met: median >= 1_000_000,
    why: `A consume on the memory store takes ${micros} µs of CPU, the collection of garbage included; the best round made ${number(high)} a second.`,
  };
}
