// `npm run demo:traffic`: makes the dashboard of a running `npm start` worth looking at. First a day that has passed, by a clock
// that goes faster, then traffic as it comes. Its figures add to those that are there.
import { parseArgs } from "node:util";
import type { RedisClient } from "sluice";
import { readAnalytics } from "sluice/analytics";
import { upstashClient } from "sluice/upstash";
import { ExpectedError } from "../src/server/errors.ts";
import { runningDemo } from "./start/demo-file.ts";
import { DEFAULT_PORT } from "./start/options.ts";
import { playLive } from "./traffic/live.ts";
import { playPast } from "./traffic/past.ts";

const HELP =
  "the options are --hours, 0 to 72 that have passed (24), --minutes, 0 to 600 from now on (3), and --port, that of npm start";
const WIDTH = 30;
const HOUR_MS = 3_600_000;

const ending = new AbortController();
process.on("SIGINT", () => {
  // The second time it is meant at once.
  if (ending.signal.aborted) process.exit(130);
  ending.abort();
});

try {
  await run();
} catch (error) {
  if (!(error instanceof ExpectedError)) throw error;
  console.error(`sluice: ${error.message}`);
  process.exitCode = 1;
}

async function run(): Promise<void> {
  const { hours, minutes, port } = asked();
  const { worker, url, token } = await runningDemo(port);
  const redis = upstashClient({ url, token });
  if (hours > 0 && (await hasPast(redis)))
    console.log("The day before is there already; to have it anew start npm start again.");
  else if (hours > 0) {
    await playPast(redis, hours, ({ hour, calls }) => {
      const bar = "█".repeat(Math.round((WIDTH * hour) / hours)).padEnd(WIDTH, "░");
      show(`The day before  ${bar}  ${hour} of ${hours} h, ${number(calls)} calls`, hour === hours);
    });
  }
  console.log(`Look at it:  ${worker}/dashboard`);
  if (minutes === 0) return;
  console.log("Ctrl-C ends what comes now.");
  const live = { redis, worker, forMs: minutes * 60_000, signal: ending.signal };
  const began = performance.now();
  await playLive(live, (calls) => {
    const left = Math.max(0, Math.round(minutes * 60 - (performance.now() - began) / 1000));
    show(`Now             ${number(calls)} calls, ${left} s left `, false);
  });
  console.log("\nDone.");
}

/** Whether a day was played already: its keys are of later times than a new one's first hours, which would all be denied. */
async function hasPast(redis: RedisClient): Promise<boolean> {
  const now = Date.now();
  const [found] = await readAnalytics({ redis, limiter: "api", from: now - 72 * HOUR_MS, to: now });
  return (found?.hours.length ?? 0) > 0;
}

function asked(): { hours: number; minutes: number; port: number } {
  try {
    const options = { hours: { type: "string" }, minutes: { type: "string" }, port: { type: "string" } } as const;
    const { hours = "24", minutes = "3", port = String(DEFAULT_PORT) } = parseArgs({ options }).values;
    const numbers = { hours: Number(hours), minutes: Number(minutes), port: Number(port) };
    const isRight = Number.isInteger(numbers.hours) && numbers.hours >= 0 && numbers.hours <= 72;
    if (isRight && numbers.minutes >= 0 && numbers.minutes <= 600 && Number.isInteger(numbers.port)) return numbers;
  } catch {
    // Something that isn't an option of this command; told below.
  }
  throw new ExpectedError(HELP);
}

/** One line that changes, where there is a terminal; else lines. */
function show(text: string, isLast: boolean): void {
  if (!process.stdout.isTTY) console.log(text.trimEnd());
  else process.stdout.write(`\r\u001b[K${text}${isLast ? "\n" : ""}`);
}

function number(value: number): string {
  return value.toLocaleString("en");
}
