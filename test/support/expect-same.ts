import { expect } from "vitest";

/**
 * The same as `expect(found, where()).toBe(due)`, for tests that compare millions of times: an `expect` takes longer than the
 * call that it looks at, so it is made only where the two differ.
 */
export function expectSame(found: unknown, due: unknown, where: () => string): void {
  if (!Object.is(found, due)) expect(found, where()).toBe(due);
}
