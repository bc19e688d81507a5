// A minute of load with six outages, part of `npm run test:faults`. Fails if anything of what it prints is not as it must
// be.
import { type SoakReport, soak } from "./soak/run.ts";

const say = (text: string) => void process.stdout.write(`${text}\n`);

function table({ tallies }: SoakReport): string {
  const rows: [string, (tally: SoakReport["tallies"]["open"]) => number][] = [
    ["calls", ({ calls }) => calls],
    ["answered", ({ answered }) => answered],
    ["  by Redis", ({ store }) => store],
    ["  from a snapshot", ({ snapshot }) => snapshot],
    ["  by this isolate's memory", ({ memory }) => memory],
    ["  by failure mode alone", ({ fallback }) => fallback],
    ["waited for the deadline", ({ waited }) => waited],
    ["slowest, ms", ({ slowestMs }) => Math.round(slowestMs)],
    ["past the deadline + 50 ms", ({ late }) => late],
    ["wrongly admitted", ({ wrong }) => wrong],
    ["thrown", ({ thrown }) => thrown],
  ];
  const cells = (values: (string | number)[]) => values.map((value) => `${value}`.padStart(10)).join("");
  const lines = rows.map(([name, of]) => name.padEnd(28) + cells(Object.values(tallies).map(of)));
  return ["failure mode".padEnd(28) + cells(Object.keys(tallies)), ...lines].join("\n");
}

const TIMEOUT_MS = 250;
const report = await soak({ seconds: 60, outages: 6, timeoutMs: TIMEOUT_MS, progress: say });
const { kills, stops, unhandled, recovered, worstLagMs, bytesAtStart, bytesAtEnd } = report;
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
say(`
Redis killed and restarted ${kills} times, stopped and continued ${stops} times; deadline ${TIMEOUT_MS} ms

${table(report)}

back at Redis afterwards    ${recovered.join(", ")}
unhandled rejections        ${unhandled}
memory in use               ${megabytes(bytesAtStart)} at the start, ${megabytes(bytesAtEnd)} at the end
event loop's standstill     ${Math.round(worstLagMs)} ms at the worst`);

const wrongs = Object.values(report.tallies).flatMap(({ calls, answered, late, wrong, thrown }) => [
  calls - answered,
  late,
  wrong,
  thrown,
]);
const well =
  wrongs.every((count) => count === 0) &&
  unhandled === 0 &&
  recovered.length === 3 &&
  bytesAtEnd - bytesAtStart < 20_000_000;
if (!well) {
  say("\nNot as it must be: see above.");
  process.exitCode = 1;
}
