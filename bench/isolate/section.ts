import { fork } from "node:child_process";
import { once } from "node:events";
import { bundleForNode } from "../lib/bundle.ts";
import { groupBy } from "../lib/group-by.ts";
import type { Pace } from "../lib/pace.ts";
import type { Say } from "../lib/progress.ts";
import { type Figure, figure } from "../lib/statistics.ts";
import { type BundleSize, bundleSizes } from "./bundle-size.ts";
import { type ImportTime, importTimes } from "./import-time.ts";
import type { IsolateRound } from "./process.ts";

export interface IsolateRow extends Pick<IsolateRound, "name" | "what"> {
  readonly cpuMicros: Figure;
  readonly bytes: Figure;
  readonly perSecond: Figure;
}

export interface Isolate {
  readonly calls: readonly IsolateRow[];
  readonly bundles: readonly BundleSize[];
  readonly imports: readonly ImportTime[];
}

/** What a check costs in the isolate itself: CPU, memory, size, time to import. */
export async function isolate(pace: Pace, say: Say): Promise<Isolate> {
  const calls = await callCosts(pace, say);
  return { calls, bundles: await bundleSizes(), imports: await importTimes(pace.rounds, say) };
}

async function callCosts({ rounds, isolateCalls }: Pace, say: Say): Promise<IsolateRow[]> {
  const program = await bundleForNode("bench/isolate/process.ts");
  const options = { execArgv: ["--expose-gc", "--max-semi-space-size=64"] };
  const all: IsolateRound[] = [];
  for (const what of ["request", "denial", "memory"]) {
    const child = fork(program, [String(isolateCalls), what], options);
    await once(child, "message");
    for (let round = 1; round <= rounds; round += 1) {
      say(`in the isolate: ${what}, round ${round} of ${rounds}`);
      child.send("round");
      const [measured] = await once(child, "message");
      all.push(...measured);
    }
    child.disconnect();
    await once(child, "exit");
  }
  return [...groupBy(all, ({ name, what }) => `${name} ${what}`).values()].map((same) => ({
    name: (same[0] as IsolateRound).name,
    what: (same[0] as IsolateRound).what,
    cpuMicros: figure(same.map(({ cpuMicros }) => cpuMicros)),
    bytes: figure(same.map(({ bytes }) => bytes)),
    perSecond: figure(same.map(({ perSecond }) => perSecond)),
  }));
}
