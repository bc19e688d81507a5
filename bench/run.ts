// Everything side by side: npm run bench [-- --quick]. Writes raw JSON, then the tables and plots made of it.
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { accuracy } from "./accuracy/section.ts";
import { endToEnd } from "./end-to-end/section.ts";
import { growth } from "./growth/section.ts";
import { isolate } from "./isolate/section.ts";
import { machine } from "./lib/machine.ts";
import { FULL, QUICK } from "./lib/pace.ts";
import { progress } from "./lib/progress.ts";
import { startServers } from "./lib/servers.ts";
import { money } from "./money/section.ts";
import type { Raw } from "./raw.ts";
import { redisSide } from "./redis-side/section.ts";
import { FOLDER, RAW, report } from "./report/report.ts";

const { quick, out } = new Command("bench")
  .option("--quick", "every part once, under a minute; written to a folder of its own", false)
  .option("--out <folder>", "where to write raw.json, RESULTS.md and the plots")
  .parse()
  .opts<{ quick: boolean; out?: string }>();

const pace = quick ? QUICK : FULL;
const folder = out ?? (quick ? await mkdtemp(join(tmpdir(), "sluice-bench-")) : FOLDER);
const start = performance.now();
const { say, end } = progress();
const servers = await startServers();
try {
  const described = await machine(servers);
  // First what wants the machine for itself, and what is counted and not timed last.
  const sections = {
    isolate: await isolate(pace, say),
    endToEnd: await endToEnd(servers, pace, say),
    redisSide: await redisSide(servers, pace, say),
    growth: await growth(servers, pace, say),
    accuracy: await accuracy(servers, pace, say),
    money: await money(servers, pace, say),
  };
  const seconds = Math.round((performance.now() - start) / 1000);
  const raw: Raw = { machine: described, quick, seconds, ...sections };
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
