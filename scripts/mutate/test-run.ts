import { fileURLToPath } from "node:url";
import { createVitest } from "vitest/node";
import { startPrivateRedis } from "../../src/server/redis/private-redis.ts";
import type {} from "../../test/global-set-up.ts";
import { connect } from "../../test/support/redis.ts";
import { alias, patience } from "../../vitest.config.ts";
import { embeddedScripts, embeddedScriptsFile, SCRIPT_FOLDERS, scriptText } from "../embedded-scripts.ts";

/** How many tests of one file passed and failed, up to the first that fails. */
export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  /** What the first that failed said. */
  readonly error: string | undefined;
}

/** Runs tests on scripts that are nowhere but in memory. */
export interface TestRun {
  /** The outcome of the tests in `file` with `words` in their names; `sources` stand for the .lua files they name. */
  outcome(file: string, words: string, sources?: Readonly<Record<string, string>>): Promise<Outcome>;
  /** Throws if Redis can't read a script, since no test is needed to notice that. */
  compile(source: string): Promise<void>;
  close(): Promise<void>;
}

/** These runs have what processor time others leave, which may be next to none. */
const testTimeout = 15 * 60_000;

const root = fileURLToPath(new URL("../..", import.meta.url));
/** The folders of scripts by the file that has their constants. */
const folders = new Map(SCRIPT_FOLDERS.map((folder) => [fileURLToPath(embeddedScriptsFile(folder)), folder]));

/**
 * One vitest, and one Redis, for all runs: to start them takes longer than most runs do. Its workers are new for each run
 * and ask for each module anew, so they get the scripts of that run.
 */
export async function openTestRun(): Promise<TestRun> {
  let broken: Readonly<Record<string, string>> = {};
  let loaded = false;
  const scripts = {
    name: "scripts-in-memory",
    enforce: "pre" as const,
    load(id: string) {
      const folder = folders.get(id);
      if (!folder) return undefined;
      loaded = true;
      return embeddedScripts(broken, folder);
    },
  };
  const vitest = await createVitest(
    "test",
    {
      ...patience,
      testTimeout,
      config: false,
      root,
      watch: false,
      bail: 1,
      // Quicker to start than processes, and there is one for each run.
      pool: "threads",
      reporters: [{}],
      include: ["test/algorithm/**/*.test.ts"],
    },
    { plugins: [scripts], resolve: { alias } },
  );
  const redis = await startPrivateRedis({ install: true, say: console.log });
  vitest.provide("redisUrl", redis.url);

  return {
    async outcome(file, words, sources) {
      broken = sources ?? {};
      loaded = false;
      for (const file of folders.keys()) vitest.invalidateFile(file);
      vitest.setGlobalTestNamePattern(words);
      const specifications = await vitest.globTestSpecifications([file]);
      const { testModules, unhandledErrors } = await vitest.runTestSpecifications(specifications);
      const module = testModules.find(({ moduleId }) => specifications.some((one) => one.moduleId === moduleId));
      if (!module || !loaded) throw new Error(`${file} did not run on the scripts that it was given`);
      const results = [...module.children.allTests()].map((test) => test.result());
      const count = (state: string) => results.filter((one) => one.state === state).length;
      const [passed, failed] = [count("passed"), count("failed")];
      const [stray] = [...module.errors(), ...unhandledErrors];
      if (stray && failed === 0) throw new Error(`${file} broke outside of its tests`, { cause: stray });
      return { passed, failed, error: results.flatMap(({ errors = [] }) => errors)[0]?.message };
    },
    async compile(source) {
      const connection = await connect(redis.url);
      try {
        await connection.script("LOAD", scriptText(source));
      } finally {
        connection.disconnect();
      }
    },
    async close() {
      await vitest.close();
      await redis.stop();
    },
  };
}
