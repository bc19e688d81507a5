import { Miniflare } from "miniflare";
import { type Figure, figure, median, shuffled } from "../lib/statistics.ts";
import { bundled, IMPORTS } from "./bundle-size.ts";

export interface ImportTime {
  readonly library: string;
  /** Ms that a Worker starts later for importing the library with its client. */
  readonly milliseconds: Figure;
}

/** A clock in a Worker counts whole ms and a start takes hundreds, so one module is imported many times over. */
const COPIES = 100;

/** How long workerd takes to compile and run each library's module at its start. */
export async function importTimes(rounds: number, say: (line: string) => void): Promise<ImportTime[]> {
  const imports = IMPORTS.filter(({ what }) => what === "limiter and client");
  const texts = new Map(await Promise.all(imports.map(async (one) => [one.library, await bundled(one)] as const)));
  texts.set("", "export {};");
  const times = new Map([...texts.keys()].map((library) => [library, [] as number[]]));
  for (let round = 1; round <= rounds; round += 1) {
    say(`import time in workerd: round ${round} of ${rounds}`);
    for (const [library, text] of shuffled([...texts])) times.get(library)?.push(await startMs(text));
  }
  const empty = median(times.get("") ?? []);
  return imports.map(({ library }) => ({
    library,
    milliseconds: figure((times.get(library) ?? []).map((ms) => (ms - empty) / COPIES)),
  }));
}

async function startMs(text: string): Promise<number> {
  const names = Array.from({ length: COPIES }, (_copy, i) => `copy-${i}.mjs`);
  const main = `${names.map((name) => `import "./${name}";`).join("")} export default { fetch: () => new Response() };`;
  const miniflare = new Miniflare({
    modules: [
      { type: "ESModule", path: "main.mjs", contents: main },
      ...names.map((path) => ({ type: "ESModule" as const, path, contents: text })),
    ],
    compatibilityDate: "2026-04-20",
    compatibilityFlags: ["nodejs_compat"],
    cf: false,
  });
  const start = performance.now();
  await miniflare.ready;
  await (await miniflare.dispatchFetch("http://bench/")).text();
  const ms = performance.now() - start;
  await miniflare.dispose();
  return ms;
}
