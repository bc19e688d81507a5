// Everything side by side: npm run bench [-- --quick] [section…]. Writes raw JSON, then the tables and plots made of it.
import { mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Argument, Command } from "commander";
import { accuracy } from "./accuracy/section.ts";
import { endToEnd } from "./end-to-end/section.ts";
import { growth } from "./growth/section.ts";
import { inFlight } from "./in-flight/section.ts";
import { isolate } from "./isolate/section.ts";
import { leases } from "./leases/section.ts";
import { machine } from "./lib/machine.ts";
import { FULL, type Pace, QUICK } from "./lib/pace.ts";
import { progress, type Say } from "./lib/progress.ts";
import { type Servers, startServers } from "./lib/servers.ts";
import { money } from "./money/section.ts";
import type { Raw, Run, Sections } from "./raw.ts";
import { redisSide } from "./redis-side/section.ts";
import { FOLDER, RAW, report } from "./report/report.ts";

/** First what wants the machine for itself, and what is counted and not timed last. */
const SECTIONS = {
  isolate: (_servers: Servers, ...how: [Pace, Say]) => isolate(...how),
  endToEnd,
  redisSide,
  inFlight,
  growth,
  leases,
  accuracy,
  money,
};
const NAMES = Object.keys(SECTIONS) as (keyof Sections)[];

const program = new Command("bench")
  .addArgument(new Argument("[sections...]", "only these, beside what the folder has of the others").choices(NAMES))
  .option("--quick", "every part once, under a minute; written to a folder of its own", false)
  .option("--out <folder>", "where to write raw.json, RESULTS.md and the plots")
  .parse();
const { quick, out } = program.opts<{ quick: boolean; out?: string }>();
const [some] = program.processedArgs as [(keyof Sections)[]];

const pace = quick ? QUICK : FULL;
const folder = out ?? (quick ? await mkdtemp(join(tmpdir(), "sluice-bench-")) : FOLDER);
const start = performance.now();
const { say, end } = progress();
const servers = await startServers();
try {
  const described = await machine(servers);
  const measured: Partial<Record<keyof Sections, unknown>> = {};
  for (const name of NAMES) {
    if (some.length === 0 || some.includes(name)) measured[name] = await SECTIONS[name](servers, pace, say);
  }
  const run: Run = { machine: described, quick, seconds: Math.round((performance.now() - start) / 1000) };
  const raw = some.length === 0 ? { ...run, ...measured } : await beside(measured, run);
  await mkdir(join(folder, "results"), { recursive: true });
  await writeFile(join(folder, RAW), `${JSON.stringify(raw, significant)}\n`);
  await report(folder);
} finally {
  end();
  await servers.stop();
}
console.log(`${join(folder, "RESULTS.md")}, made of ${RAW} beside it`);

/** Four digits are more than any of these figures can claim. */
function significant(_name: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;
}

/** The sections in the place of those that the folder has, or else the committed ones. */
async function beside(measured: Partial<Record<keyof Sections, unknown>>, run: Run): Promise<object> {
  const text = await readFile(join(folder, RAW), "utf8").catch(() => readFile(join(FOLDER, RAW), "utf8"));
  const before: Raw = JSON.parse(text);
  const apart = { ...before.apart, ...Object.fromEntries(Object.keys(measured).map((name) => [name, run])) };
  return { ...before, ...measured, apart };
}
