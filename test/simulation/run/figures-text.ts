import type { LeaseFigures } from "./lease-figures.ts";
import type { Done } from "./worlds.ts";

/** What came of some worlds, to be read. */
export function figuresText(
  { worlds, simulatedMs, events, replayed, figures, sums, counted, digest }: Done,
  seconds: number,
  memory: readonly number[],
): string {
  const { calls, allowed, denied, requests, executed, rejected } = figures;
  const rows: readonly (readonly [string, string])[] = [
    ["worlds", `${worlds}, ${(simulatedMs / 3_600_000).toFixed(1)} hours simulated in ${seconds.toFixed(0)} s`],
    ["events", `${grouped(events)}, fingerprint ${digest}`],
    [
      "calls",
      `${grouped(calls)} (${listed(figures.operations)}), ${grouped(figures.together)} on several limiters at once, ${grouped(figures.inOrder)} in order, ${grouped(rejected)} left by their callers`,
    ],
    ["admitted", listed(allowed)],
    ["denied", listed(denied)],
    ["requests", `${grouped(requests)}, ${grouped(executed)} carried out`],
    [
      "isolates",
      `${grouped(figures.born)} born, ${grouped(figures.killed)} ended, ${grouped(figures.frozen)} times frozen, ${grouped(figures.clocksSet)} clocks set`,
    ],
    ["databases", `${grouped(figures.databaseLosses)} times restarted`],
    [
      "units",
      `${grouped(sums.debited)} debited = ${grouped(sums.used)} used + ${grouped(sums.givenBack)} given back + ${grouped(sums.lost)} lost`,
    ],
    ...leasesRow(figures.leases),
    ...(Object.keys(counted).length > 0 ? [["judged", listed(counted)] as const] : []),
    ["memory", `${memoryText(memory)} resident`],
    ["replayed", `${grouped(replayed)} steps on a real Redis`],
  ];
  return rows.map(([name, text]) => `${name.padEnd(10)} ${text}`).join("\n");
}

function leasesRow({ granted, served, givenBack, stranded, unused }: LeaseFigures): (readonly [string, string])[] {
  if (granted === 0) return [];
  const part = (units: number) => `${grouped(units)} (${((100 * units) / granted).toFixed(1)} %)`;
  return [
    [
      "leases",
      `${grouped(granted)} units granted ahead = ${part(served)} spent + ${part(givenBack)} given back + ${part(stranded)} stranded where isolates ended + ${part(unused)} not spent in time`,
    ],
  ];
}

/** The highest of each fifth of the run, from bytes by world: whether it grows. */
function memoryText(bytes: readonly number[]): string {
  const size = Math.max(1, Math.ceil(bytes.length / 5));
  const parts = Array.from({ length: Math.ceil(bytes.length / size) }, (_part, i) => {
    return Math.round(Math.max(...bytes.slice(i * size, (i + 1) * size)) / 2 ** 20);
  });
  return `at most ${parts.join(", then ")} MiB`;
}

/** 12 345 678. */
function grouped(value: number): string {
  return `${value}`.replace(/\B(?=(\d{3})+$)/g, " ");
}

function listed(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${grouped(count)} ${name}`)
    .join(", ");
}
