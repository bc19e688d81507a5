// Simulated worlds, one after the other: npm run simulate -- --hours 24 --seed 1. Ends with 1 if a judge complains or a
// real Redis does otherwise than the twins did.
import { Command, InvalidArgumentError, Option } from "commander";
import { progress } from "../../bench/lib/progress.ts";
import { startPrivateRedis } from "../../src/server/redis/private-redis.ts";
import { connect } from "../support/redis.ts";
import { FAMILIES, type FamilyName } from "./plans/families.ts";
import { figuresText } from "./run/figures-text.ts";
import { keeping, shrink } from "./run/shrink.ts";
import { type Outcome, simulate } from "./run/simulate.ts";
import { traceLine } from "./run/trace.ts";
import { type Done, runWorlds } from "./run/worlds.ts";
import { runCrowd } from "./scale/crowd.ts";
import { FOLDER, SCALES, type ScaleName } from "./scale/scale.ts";
import { explore } from "./small/explore.ts";
import { WIDE_WORLDS } from "./small/worlds.ts";

interface Options {
  readonly seed?: number;
  readonly hours: number;
  readonly worlds: number;
  readonly calls: number;
  readonly redis: boolean;
  readonly small: boolean;
  readonly scale?: ScaleName;
  readonly crowd: boolean;
  readonly only?: string;
  readonly of: FamilyName;
}

const HOUR_MS = 3_600_000;
const say = (text: string) => void process.stdout.write(`${text}\n`);

function number(text: string): number {
  const value = Number(text);
  if (value >= 0) return value;
  throw new InvalidArgumentError("must be a number from 0");
}

const options = new Command("npm run simulate --")
  .description("Runs simulated worlds, each made from its seed, and judges what happens in them.")
  .option("--seed <number>", "the first world's seed; the next ones follow. Default: one that is drawn", number)
  .option("--hours <number>", "until so many hours have been simulated", number, 1)
  .option("--worlds <number>", "until so many worlds have been run", number, Infinity)
  .option("--calls <number>", "calls in a world, about", number, 14_000)
  .addOption(new Option("--of <kind>", "which worlds").choices(Object.keys(FAMILIES)).default("swarm"))
  .option("--no-redis", "leave out the replay of samples on a real Redis")
  .option("--small", "try every order of everything in small worlds instead", false)
  .addOption(
    new Option("--scale <axis>", "draw what a crowd costs, by load and by that, into bench/results instead").choices(
      Object.keys(SCALES),
    ),
  )
  .option("--crowd", "put the same crowd to a real Redis and to the simulated one instead", false)
  .option(
    "--only <numbers>",
    "of the world with that seed only these arrivals and incidents, as in 3,17/2, event by event",
  )
  .parse()
  .opts<Options>();

const family = FAMILIES[options.of];
const again = options.of === "swarm" ? "" : ` --of ${options.of}`;

if (options.small) await allSmall();
else if (options.scale) await SCALES[options.scale](FOLDER, say);
else if (options.crowd) await runCrowd(say);
else if (options.only !== undefined) await oneWorld(options.seed ?? 1, options.only);
else await manyWorlds();

async function manyWorlds(): Promise<void> {
  const seed = options.seed ?? Math.floor(Math.random() * 2 ** 32);
  const started = performance.now();
  const bar = progress();
  const memory: number[] = [];
  say(
    `Seed ${seed}, ${options.worlds < Infinity ? `${options.worlds} worlds` : `${options.hours} simulated hours`}, Node ${process.version}`,
  );
  const server = options.redis ? await startPrivateRedis() : undefined;
  const redis = server && (await connect(server.url));
  let done: Done;
  try {
    done = await runWorlds({
      seed,
      calls: options.calls,
      family,
      goesOn: ({ worlds, simulatedMs }) =>
        worlds < options.worlds && (options.worlds < Infinity || simulatedMs < options.hours * HOUR_MS),
      progress(done) {
        memory.push(process.memoryUsage.rss());
        bar.say(line(done, seed));
      },
      ...(redis && { redis }),
    });
  } finally {
    bar.end();
    redis?.disconnect();
    await server?.stop();
  }
  say(figuresText(done, (performance.now() - started) / 1000, memory));
  for (const difference of done.differences) say(difference);
  if (done.failed) await report(done.failed);
  if (done.failed || done.differences.length > 0) process.exitCode = 1;
}

function line({ worlds, figures, simulatedMs }: Done, seed: number): string {
  const hours = (simulatedMs / HOUR_MS).toFixed(1);
  return `seed ${seed + worlds - 1} done: ${worlds} worlds, ${hours} h, ${figures.calls} calls, ${figures.killed} isolates ended`;
}

/** What failed, as few events as show it, and how to see it again. */
async function report({ seed, plan: name, complaint, lastedMs, figures }: Outcome): Promise<void> {
  if (!complaint) return;
  const plan = family.plan(seed, options.calls);
  say(
    `\nThe judge of ${complaint.judge} complains of world ${seed} (${name}), ${lastedMs.toFixed(3)} ms and ${figures.calls} calls from its start:`,
  );
  say(`  ${complaint.text}\n  What must hold: ${complaint.promise}`);
  say(`Again: npm run simulate --${again} --seed ${seed} --worlds 1 --calls ${options.calls}`);
  const few = await shrink({ plan, seed, complaint, judges: family.judges });
  const only = `${few.arrivals.join(",")}/${few.incidents.join(",")}`;
  say(
    `\nThe same judge complains of no more than this: npm run simulate --${again} --seed ${seed} --calls ${options.calls} --only ${only}`,
  );
  await oneWorld(seed, only);
}

async function oneWorld(seed: number, only: string): Promise<void> {
  const [arrivals = [], incidents = []] = only.split("/").map((list) => list.split(",").filter(Boolean).map(Number));
  const plan = family.plan(seed, options.calls);
  for (const { name, clock, timeoutMs, failureMode, policies } of plan.limiters) {
    const numbers = policies.map(
      ({ kind, limit, windowMs, burst }) => `${kind} of ${limit} per ${windowMs} ms, burst ${burst}`,
    );
    say(
      `limiter ${name}: ${numbers.join(" and ")}; clock ${clock}, deadline ${timeoutMs} ms, failure mode ${failureMode}`,
    );
  }
  const isolates = new Set<number>();
  const lines: { readonly isolate: number | undefined; readonly text: string }[] = [];
  const { complaint } = await simulate({
    plan,
    seed,
    judges: family.judges,
    keeps: keeping(arrivals, incidents),
    watch(happening) {
      if ("call" in happening) isolates.add(happening.call.isolate);
      const text = traceLine(happening);
      if (text) lines.push({ isolate: "isolate" in happening ? happening.isolate : undefined, text });
    },
  });
  // Of isolates that nobody asked, nothing needs to be told.
  for (const { isolate, text } of lines) if (isolate === undefined || isolates.has(isolate)) say(text);
  say(complaint ? `\nThe judge of ${complaint.judge} complains: ${complaint.text}` : "\nNo judge complains.");
  if (complaint) process.exitCode = 1;
}

async function allSmall(): Promise<void> {
  let all = 0;
  for (const plan of WIDE_WORLDS) {
    const started = performance.now();
    const { states, ends, steps, complaint } = await explore(plan);
    all += states;
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    say(`${String(states).padStart(9)} states, ${ends} ends, ${steps} steps, ${seconds} s  ${plan.name}`);
    if (!complaint) continue;
    say(`  The judge of ${complaint.judge} complains: ${complaint.text}\n  ${complaint.path.join("\n  ")}`);
    process.exitCode = 1;
  }
  say(`${String(all).padStart(9)} states in all`);
}
