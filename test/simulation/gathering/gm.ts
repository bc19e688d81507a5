import { measureGathering } from "./measure.ts";
const kinds = (process.argv[2] ?? "bucket,sliding,fixed").split(",") as any[];
const windows = (process.argv[3] ?? "1000,20000").split(",").map(Number);
const set = (process.argv[4] ?? "3x1.5,10x2").split(",").map((x) => x.split("x").map(Number));
const loads = (process.argv[5] ?? "1,4,40").split(",").map(Number);
const isolates = Number(process.argv[6] ?? 20);
const started = performance.now();
for (const windowMs of windows) for (const kind of kinds) for (const [regions, shares] of set as [number, number][]) {
  const limit = 300;
  const cost = Math.round((limit / regions) * shares);
  const parts: string[] = [];
  for (const load of loads) {
    const durationMs = Number(process.argv[7] ?? Math.max(10 * windowMs, 20_000)) ;
    const policy = { kind, name: "p", limit, windowMs, burst: limit };
    const m = await measureGathering({ policy, regions, cost, load, isolates, durationMs });
    parts.push(`${load}x ${((100 * m.admitted) / m.due).toFixed(1)}% (due ${m.due} vain ${m.vain} trips/call ${(m.trips / m.calls).toFixed(1)} p50 ${m.p50Ms})`);
  }
  console.log(`${kind}/${windowMs} ${regions}x${shares}: ${parts.join("  ")}  ${((performance.now() - started) / 1000).toFixed(0)} s`);
}
