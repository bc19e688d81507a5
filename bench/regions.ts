// A quota over three regions, on real Redis servers and sockets with delays in between, beside one database and beside
// @upstash/ratelimit's MultiRegionRatelimit: npm run bench:regions. Latencies are told in ms and as
// multiples of a check on one database in the caller's place.
import { Command } from "commander";
import { progress } from "./lib/progress.ts";
import { median, quantile } from "./lib/statistics.ts";
import { SUBJECTS, type Subject } from "./regions/subjects.ts";
import { billedIn, PLACES, type Place, ROUND_TRIPS_MS, startWorld, type World } from "./regions/world.ts";

const { calls, only } = new Command("bench:regions")
  .option("--calls <n>", "calls of one caller", Number, 100)
  .option("--only <part>", "of the subjects those whose name has this", "")
  .parse()
  .opts<{ calls: number; only: string }>();

const { say, end } = progress();
const world = await startWorld();
const subjects = Object.entries(SUBJECTS).filter(([name]) => name.includes(only));
const none = () => {};
let nearMs: number | undefined;
/** Long enough that none ends within a part. */
const windowMs = 86_400_000;

console.log(`Round trips of ${Object.values(ROUND_TRIPS_MS).join(", ")} ms, ${calls} calls, fixed windows.\n`);
console.log(
  "One caller in one place, one key, calls one after the other: 0.8 of the limit, then the rest, then denied.",
);
const rows: Record<string, unknown>[] = [];
for (const [name, make] of subjects) {
  say(name);
  rows.push({ name, ...(await oneCaller(make)) });
}
end();
console.table(rows);

console.log("Callers in all three places at once, four times the limit in all: admitted of the limit.");
const crowds: Record<string, unknown>[] = [];
for (const [name, make] of subjects) {
  say(`${name}, a crowd`);
  crowds.push({ name, connected: await crowd(make, false), "one place cut off": await crowd(make, true) });
}
end();
console.table(crowds);
await Promise.all(PLACES.map((place) => world[place].stop()));

async function oneCaller(make: Subject) {
  const limit = Math.ceil(calls / 0.8);
  const tasks: Promise<unknown>[] = [];
  const check = make(world, "near", { limit, windowMs }, (task) => tasks.push(task.catch(none)));
  // Connections and scripts are there by then.
  for (let i = 0; i < 5; i += 1) await check(`warm-${i}`);
  await Promise.all(tasks.splice(0));
  const key = `ada-${Math.random()}`;
  const timed = async (many: number) => {
    const ms: number[] = [];
    let admitted = 0;
    const billed = await billedIn(world, async () => {
      for (let i = 0; i < many; i += 1) {
        const since = performance.now();
        if (await check(key)) admitted += 1;
        ms.push(performance.now() - since);
      }
      await Promise.all(tasks.splice(0));
    });
    return { ms, admitted, billed: billed / many };
  };
  const below = await timed(calls);
  const rest = await timed(limit - calls);
  const denied = await timed(20);
  // An isolate that has not seen this key before.
  const stranger = make(world, "near", { limit, windowMs }, none);
  for (const warm of ["warm-0", "warm-1"]) await stranger(warm);
  const strange: number[] = [];
  const asked = await billedIn(world, async () => {
    const since = performance.now();
    await stranger(key);
    strange.push(performance.now() - since);
  });
  // The first subject is what the others are held against.
  nearMs ??= median(below.ms);
  const nears = (ms: number) => `${ms.toFixed(0)} ms, ${(ms / (nearMs ?? ms)).toFixed(1)}×`;
  return {
    "p50 at 0.8": nears(median(below.ms)),
    "p99 at 0.8": nears(quantile(below.ms, 0.99)),
    "commands at 0.8": below.billed.toFixed(1),
    admitted: `${below.admitted + rest.admitted + denied.admitted} of ${limit}`,
    "denial in a new isolate": nears(median(strange)),
    "commands for it": asked,
    "further denials": nears(median(denied.ms)),
    "commands for them": denied.billed.toFixed(1),
  };
}

/** All callers at once, in each place with a limiter of its own; `isCut`: the last place and the others can't reach each other. */
async function crowd(make: Subject, isCut: boolean): Promise<string> {
  const limit = 300;
  const tasks: Promise<unknown>[] = [];
  const later = (task: Promise<unknown>) => tasks.push(task.catch(none));
  const limiters = PLACES.map((place) => make(world, place, { limit, windowMs }, later));
  for (const check of limiters) await check("warm").catch(none);
  await Promise.all(tasks.splice(0));
  if (isCut) setCut(world, true);
  const key = `crowd-${isCut}-${Math.random()}`;
  let admitted = 0;
  let failed = 0;
  // Each place sends the same number, 20 at a time.
  await Promise.all(
    limiters.map(async (check) => {
      for (let sent = 0; sent < (4 * limit) / PLACES.length; sent += 20) {
        const answers = await Promise.allSettled(Array.from({ length: 20 }, () => check(key)));
        for (const answer of answers) {
          if (answer.status === "rejected") failed += 1;
          else if (answer.value) admitted += 1;
        }
      }
    }),
  );
  await Promise.race([Promise.all(tasks), new Promise((resolve) => setTimeout(resolve, 3000))]);
  if (isCut) setCut(world, false);
  return `${admitted} of ${limit}${failed > 0 ? `, ${failed} threw` : ""}`;
}

function setCut(world: World, isCut: boolean): void {
  const ends: readonly [Place, Place][] = [
    ["near", "farther"],
    ["far", "farther"],
    ["farther", "near"],
    ["farther", "far"],
  ];
  for (const [from, to] of ends) world[to].proxies[from].state = isCut ? "down" : "up";
}
