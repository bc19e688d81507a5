import { fileURLToPath } from "node:url";
import { createVitest } from "vitest/node";
import { connect } from "../../test/support/redis.ts";
import { alias, patience } from "../../vitest.config.ts";
import { embeddedScripts, embeddedScriptsFile, scriptText } from "../embedded-scripts.ts";

/** How many tests of one file passed and failed, up to the first that fails. */
export interface Outcome {
  readonly passed: number;
  readonly failed: number;
}

/** Runs tests on scripts that are nowhere but in memory. */
export interface TestRun {
  /** The outcome of the tests in `file` with `words` in their names; `sources` stand for the .lua files they name. */
  outcome(file: string, words: string, sources?: Readonly<Record<string, string>>): Promise<Outcome>;
  /** Throws if Redis can't read a script, since no test is needed to notice that. Redis is there after the first outcome. */
  compile(source: string): Promise<void>;
  close(): Promise<void>;
}

const root = fileURLToPath(new URL("../..", import.meta.url));
const scriptsModule = fileURLToPath(embeddedScriptsFile());

/**
 * One vitest, and one Redis, for all runs: to start them takes longer than most runs do. Its workers are new for each run
 * and ask for each module anew, so they get the scripts of that run.
 */
export async function openTestRun(): Promise<TestRun> {
  let content = "";
  let loaded = false;
  const scripts = {
    name: "scripts-in-memory",
    enforce: "pre" as const,
    load(id: string) {
      if (id !== scriptsModule) return undefined;
      loaded = true;
      return content;
    },
  };
  const vitest = await createVitest(
    "test",
    {
      ...patience,
      config: false,
      root,
      watch: false,
      bail: 1,
      reporters: [{}],
      include: ["test/algorithm/*.test.ts"],
      globalSetup: ["test/global-set-up.ts"],
    },
    { plugins: [scripts], resolve: { alias } },
  );

  return {
    async outcome(file, words, sources) {
      content = embeddedScripts(sources);
      loaded = false;
      vitest.invalidateFile(scriptsModule);
      vitest.setGlobalTestNamePattern(words);
      const specifications = await vitest.globTestSpecifications([file]);
      const { testModules, unhandledErrors } = await vitest.runTestSpecifications(specifications);
      const module = testModules.find(({ moduleId }) => specifications.some((one) => one.moduleId === moduleId));
      if (!module || !loaded) throw new Error(`${file} did not run on the scripts that it was given`);
      const states = [...module.children.allTests()].map((test) => test.result().state);
      const count = (state: string) => states.filter((one) => one === state).length;
      const [passed, failed] = [count("passed"), count("failed")];
      const [stray] = [...module.errors(), ...unhandledErrors];
      if (stray && failed === 0) throw new Error(`${file} broke outside of its tests`, { cause: stray });
      return { passed, failed };
    },
    async compile(source) {
      const redis = await connect(vitest.getRootProject().getProvidedContext().redisUrl);
      try {
        await redis.script("LOAD", scriptText(source));
      } finally {
        redis.disconnect();
      }
    },
    close: () => vitest.close(),
  };
}
