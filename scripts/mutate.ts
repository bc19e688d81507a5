// Breaks the .lua files one way at a time, in a copy of the project, and expects the tests to notice each. Ends with 1 if
// a broken script gets through.
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** What is replaced by what; each text must occur in the file exactly once. */
type Edit = readonly [from: string, to: string];

interface Mutation {
  readonly file: string;
  readonly title: string;
  readonly edits: readonly Edit[];
}

/** The tests that a file answers to: where they are, and the words in their names. */
const TESTS: Record<string, { files: readonly string[]; name: string }> = {
  "token-bucket.lua": {
    files: ["test/algorithm/vectors.test.ts", "test/algorithm/model.test.ts"],
    name: "token bucket",
  },
  "sliding-window.lua": {
    files: ["test/algorithm/vectors.test.ts", "test/algorithm/model.test.ts"],
    name: "sliding window",
  },
  "fixed-window.lua": {
    files: ["test/algorithm/vectors.test.ts", "test/algorithm/model.test.ts"],
    name: "fixed window",
  },
  "policy-set.lua": { files: ["test/algorithm/vectors.test.ts", "test/algorithm/model.test.ts"], name: "policy set" },
};

const broken = (file: string, title: string, ...edits: Edit[]): Mutation => ({ file, title, edits });

const MUTATIONS: readonly Mutation[] = [
  broken("token-bucket.lua", "the clock may run backwards", ["now, used = at, count", "used = count"]),
  broken("token-bucket.lua", "denies what fits exactly", ["after > ceiling", "after >= ceiling"]),
  broken(
    "token-bucket.lua",
    "writes on denial",
    [
      "if after > ceiling then return {0, now, used} end",
      "local yes = 1\nif after > ceiling then yes, after = 0, used end",
    ],
    ["return {1, now, after}", "return {yes, now, after}"],
  ),
  broken("token-bucket.lua", "refills past full", ["  if used < 0 then used = 0 end\n", ""]),
  broken("token-bucket.lua", "expires 1 ms early", ["math.ceil(after / pace)", "math.floor(after / pace)"]),

  broken("sliding-window.lua", "the clock may run backwards", [
    "now, elapsed, ahead = at, at % window, true",
    "ahead = true",
  ]),
  broken("sliding-window.lua", "denies what fits exactly", [
    "(window - elapsed) > ceiling",
    "(window - elapsed) >= ceiling",
  ]),
  broken(
    "sliding-window.lua",
    "writes on denial",
    [
      "> ceiling then return {0, now, current, previous} end",
      "> ceiling then yes, after, before = 0, current, previous end",
    ],
    ["local after, before = current + delta, previous", "local yes, after, before = 1, current + delta, previous"],
    ["return {1, now, after, before}", "return {yes, now, after, before}"],
  ),
  broken("sliding-window.lua", "rolls 1 ms late", [
    "elseif at < now - elapsed then",
    "elseif at < now - elapsed - 1 then",
  ]),
  broken("sliding-window.lua", "forgets the window before 1 ms early", [
    "at >= now - elapsed - window",
    "at > now - elapsed - window",
  ]),
  broken("sliding-window.lua", "lives on for a writer that runs behind", [
    "ahead and window or ttl + window",
    "ttl + window",
  ]),
  broken("sliding-window.lua", "the short form takes a count too many", [
    "if after < 16777216",
    "if after <= 16777216",
  ]),

  broken("fixed-window.lua", "the clock may run backwards", ["if at and at > now then now = at end\n", ""]),
  broken("fixed-window.lua", "denies what fits exactly", ["after > ceiling", "after >= ceiling"]),
  broken(
    "fixed-window.lua",
    "writes on denial",
    [
      "if after > ceiling then return {0, now, count} end",
      "local yes = 1\nif after > ceiling then yes, after = 0, count end",
    ],
    ["return {1, now, after}", "return {yes, now, after}"],
  ),
  broken("fixed-window.lua", "forgets what was taken at the window's first ms", [
    "at < now - now % window",
    "at <= now - now % window",
  ]),
  broken("fixed-window.lua", "expires 1 ms late", ["ttl = window - now % window", "ttl = window - now % window + 1"]),

  broken("policy-set.lua", "the clock may run backwards", ["now, ahead = seen, true", "ahead = true"]),
  broken("policy-set.lua", "a bucket denies what fits exactly", [
    "if taken > ceiling then allowed = false end",
    "if taken >= ceiling then allowed = false end",
  ]),
  broken("policy-set.lua", "a sliding window denies what fits exactly", [
    "(pace - elapsed) > ceiling",
    "(pace - elapsed) >= ceiling",
  ]),
  broken("policy-set.lua", "a fixed window denies what fits exactly", [
    "elseif taken > ceiling",
    "elseif taken >= ceiling",
  ]),
  broken("policy-set.lua", "writes on denial", [
    "if not allowed then return before end",
    "if not allowed then after = before end",
  ]),
  broken("policy-set.lua", "the last policy alone decides", [
    "elseif taken > ceiling then\n      allowed = false",
    "else\n      allowed = taken <= ceiling",
  ]),
  broken("policy-set.lua", "rolls 1 ms late", ["if seen < now - elapsed then", "if seen < now - elapsed - 1 then"]),
  broken("policy-set.lua", "lives as long as its last policy", ["if life > ttl then ttl = life end", "ttl = life"]),
];

const root = fileURLToPath(new URL("..", import.meta.url));
const COPIED = [
  "package.json",
  "tsconfig.json",
  "vitest.config.ts",
  "wrangler.toml",
  "src",
  "test",
  "scripts/generate-scripts.ts",
];

/** A copy of what the tests need, to break in peace. */
function makeCopy(): string {
  const copy = mkdtempSync(join(tmpdir(), "sluice-mutate-"));
  for (const path of COPIED) cpSync(join(root, path), join(copy, path), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  return copy;
}

interface Outcome {
  readonly passed: number;
  readonly failed: number;
}

/** The outcome of the tests that answer to a .lua file, up to the first that fails. */
async function outcome(copy: string, file: string): Promise<Outcome> {
  const tests = TESTS[file];
  if (!tests) throw new Error(`no tests are named for ${file}`);
  const report = join(copy, "report.json");
  rmSync(report, { force: true });
  const reporter = ["--reporter", "json", "--outputFile", report];
  await run(copy, "vitest/vitest.mjs", [
    "run",
    "--project",
    "node",
    "--bail",
    "1",
    "-t",
    tests.name,
    ...reporter,
    ...tests.files,
  ]);
  const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, "utf8"));
  return { passed: numPassedTests, failed: numFailedTests };
}

function run(cwd: string, program: string, args: readonly string[]): Promise<number | null> {
  const child = spawn(process.execPath, [join("node_modules", program), ...args], { cwd, stdio: "ignore" });
  return new Promise((resolve, reject) => child.once("error", reject).once("close", resolve));
}

/** Whether the tests notice the mutation. */
async function caught(copy: string, { file, edits, title }: Mutation): Promise<boolean> {
  const path = join(copy, "src/algorithm", file);
  const text = readFileSync(path, "utf8");
  try {
    let mutated = text;
    for (const [from, to] of edits) {
      if (mutated.split(from).length !== 2) throw new Error(`${file}, "${title}": not there exactly once: ${from}`);
      mutated = mutated.replace(from, () => to);
    }
    writeFileSync(path, mutated);
    const generated = await run(copy, "tsx/dist/cli.mjs", ["scripts/generate-scripts.ts"]);
    if (generated !== 0) throw new Error(`the scripts could not be generated with ${file} changed`);
    const { failed } = await outcome(copy, file);
    return failed > 0;
  } finally {
    writeFileSync(path, text);
  }
}

const copies = [makeCopy(), makeCopy()];
const started = performance.now();
let survivors = 0;
try {
  const queue = [...MUTATIONS];
  const whole = Object.keys(TESTS);
  await Promise.all(
    copies.map(async (copy) => {
      // A test that fails anyway would seem to catch everything.
      for (let file = whole.shift(); file; file = whole.shift()) {
        const { passed, failed } = await outcome(copy, file);
        if (failed > 0 || passed === 0) throw new Error(`the tests of ${file} fail with nothing changed`);
      }
    }),
  );
  await Promise.all(
    copies.map(async (copy) => {
      for (let mutation = queue.shift(); mutation; mutation = queue.shift()) {
        const noticed = await caught(copy, mutation);
        if (!noticed) survivors += 1;
        console.log(`${noticed ? "caught  " : "SURVIVED"}  ${mutation.file.padEnd(20)} ${mutation.title}`);
      }
    }),
  );
} finally {
  for (const copy of copies) rmSync(copy, { recursive: true, force: true });
}
const seconds = Math.round((performance.now() - started) / 1000);
console.log(`${MUTATIONS.length - survivors} of ${MUTATIONS.length} broken scripts caught in ${seconds} s`);
if (survivors > 0) process.exitCode = 1;
