import type { Reporter, TestModule } from "vitest/node";

/** Ends a run with one plain line, `12 passed, 0 failed`, whatever else is printed before. */
export const closingLine: Reporter = {
  onTestRunEnd(modules, errors) {
    const line = lineOf(modules, errors.length);
    process.once("exit", () => process.stdout.write(`\n${line}\n`));
  },
};

/** A file that could not be read, and an error outside of all tests, each count as a failed test. */
export function lineOf(modules: readonly TestModule[], strayErrors: number): string {
  const states = modules.flatMap((module) => [...module.children.allTests()].map((test) => test.result().state));
  const count = (state: string) => states.filter((each) => each === state).length;
  const unread = modules.filter((module) => module.state() === "failed" && module.errors().length > 0).length;
  const skipped = count("skipped") + count("pending");
  const line = `${count("passed")} passed, ${count("failed") + unread + strayErrors} failed`;
  return skipped === 0 ? line : `${line}, ${skipped} skipped`;
}
