// Breaks the .lua files one way at a time, in memory, and expects the tests to notice each. Ends with 1 if a broken script
// gets through. `npm run mutate -- fixed-window.lua` does so with that file alone.
import { folderOf, scriptSource } from "./embedded-scripts.ts";
import { calendarWindowMutations } from "./mutate/calendar-window.ts";
import { fixedWindowMutations } from "./mutate/fixed-window.ts";
import { grantsMutations } from "./mutate/grants.ts";
import { grantsWindowsMutations } from "./mutate/grants-windows.ts";
import { inFlightMutations } from "./mutate/in-flight.ts";
import { keySetMutations } from "./mutate/key-set.ts";
import { keySetHoldsMutations } from "./mutate/key-set-holds.ts";
import { keySetWindowsMutations } from "./mutate/key-set-windows.ts";
import { type Mutation, type Mutations, mutated } from "./mutate/mutations.ts";
import { policySetMutations } from "./mutate/policy-set.ts";
import { slidingLogMutations } from "./mutate/sliding-log.ts";
import { slidingPartsMutations } from "./mutate/sliding-parts.ts";
import { slidingWindowMutations } from "./mutate/sliding-window.ts";
import { grantsStrikesMutations, keySetStrikesMutations } from "./mutate/strikes.ts";
import { openTestRun, type TestRun } from "./mutate/test-run.ts";
import { tokenBucketMutations } from "./mutate/token-bucket.ts";

const ALL: readonly Mutations[] = [
  tokenBucketMutations,
  slidingWindowMutations,
  slidingPartsMutations,
  fixedWindowMutations,
  calendarWindowMutations,
  policySetMutations,
  keySetMutations,
  grantsMutations,
  grantsWindowsMutations,
  keySetWindowsMutations,
  keySetHoldsMutations,
  keySetStrikesMutations,
  grantsStrikesMutations,
  slidingLogMutations,
  inFlightMutations,
];

const [only] = process.argv.slice(2);
const started = performance.now();
const seconds = () => Math.round((performance.now() - started) / 1000);
const tell = (word: string, file: string, text: string) =>
  console.log(`${`${seconds()} s`.padStart(5)}  ${word.padEnd(8)}  ${file.padEnd(18)}  ${text}`);

type Task = (run: TestRun) => Promise<void>;

/** A test that fails anyway would seem to notice everything. */
const expectWhole =
  (test: string, words: string): Task =>
  async (run) => {
    const { passed, failed, error } = await run.outcome(test, words);
    if (failed > 0 || passed === 0) {
      const what = `With nothing changed ${test} has ${passed} tests of "${words}" that pass, ${failed} that fail`;
      throw new Error(error === undefined ? what : `${what}: ${error}`);
    }
    tell("whole", words, `nothing changed, all tests pass (${test})`);
  };

/** The tests that notice the mutation, if any do. */
async function noticedBy(run: TestRun, { file, words, tests }: Mutations, mutation: Mutation) {
  const source = mutated(scriptSource(file, folderOf(file)), mutation);
  await run.compile(source);
  for (const test of tests) {
    const { failed } = await run.outcome(test, words, { [file]: source });
    if (failed > 0) return test;
  }
  return undefined;
}

let caught = 0;
let survived = 0;
const expectCaught =
  (mutations: Mutations, mutation: Mutation): Task =>
  async (run) => {
    const test = await noticedBy(run, mutations, mutation);
    if (test) caught += 1;
    else survived += 1;
    tell(test ? "caught" : "SURVIVED", mutations.file, test ? `${mutation.title} (${test})` : mutation.title);
  };

const chosen = ALL.filter(({ file }) => only === undefined || file === only);
// Two scripts may answer to the same tests.
const answering = new Map(
  chosen.flatMap(({ words, tests }) => tests.map((test) => [`${test} ${words}`, { test, words }])),
);
const tasks: Task[] = [
  ...[...answering.values()].map(({ test, words }) => expectWhole(test, words)),
  ...chosen.flatMap((mutations) => mutations.list.map((mutation) => expectCaught(mutations, mutation))),
];

/** Does task after task until none is left. */
async function work(): Promise<void> {
  const run = await openTestRun();
  try {
    for (let task = tasks.shift(); task; task = tasks.shift()) await task(run);
  } finally {
    // What is left after an error would only delay its being told.
    tasks.length = 0;
    await run.close();
  }
}

// Two side by side: each waits half of the time, for its Redis or for a worker to start.
const ends = await Promise.allSettled([work(), work()]);
for (const end of ends) if (end.status === "rejected") throw end.reason;
console.log(`${caught} of ${caught + survived} broken scripts caught in ${seconds()} s`);
// Said either way: the tests that failed, as they should, have set it to 1.
process.exitCode = survived > 0 ? 1 : 0;
