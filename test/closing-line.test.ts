import { expect, test } from "vitest";
import type { TestModule } from "vitest/node";
import { lineOf } from "./closing-line.ts";

function moduleOf(states: readonly string[], errors: readonly Error[] = []): TestModule {
  const tests = states.map((state) => ({ result: () => ({ state }) }));
  const failed = errors.length > 0 || states.includes("failed");
  return {
    children: { allTests: () => tests },
    state: () => (failed ? "failed" : "passed"),
    errors: () => errors,
  } as unknown as TestModule;
}

test("the line counts tests over all files, and names the skipped only if there are any", () => {
  expect(lineOf([moduleOf(["passed", "passed"]), moduleOf(["passed", "failed"])], 0)).toBe("3 passed, 1 failed");
  expect(lineOf([moduleOf(["passed", "skipped"])], 0)).toBe("1 passed, 0 failed, 1 skipped");
});

test("what is wrong outside of tests counts as failed", () => {
  expect(lineOf([moduleOf([], [new Error("can't be read")]), moduleOf(["passed"])], 1)).toBe("1 passed, 2 failed");
});
