import { createLimiter, fixedWindow } from "sluice";
import { fieldsOf } from "sluice/fetch";
import { testStore } from "sluice/testing";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { legacyFieldsWithTime } from "./reset-as-time.ts";

const NOON = Date.UTC(2026, 0, 1, 12);

beforeEach(() => {
  vi.useFakeTimers({ now: NOON + 15_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

test("Reset is the time at which the window ends", async () => {
  const policies = [fixedWindow({ limit: 2, window: "1 m" })];
  const limiter = createLimiter({ name: "api", store: testStore(), policies });
  const expected = { "x-ratelimit-limit": "2", "x-ratelimit-reset": `${NOON / 1000 + 60}` };
  expect(fieldsOf(await limiter.consume("k"), legacyFieldsWithTime)).toEqual({
    ...expected,
    "x-ratelimit-remaining": "1",
  });
  await limiter.consume("k");
  const denied = fieldsOf(await limiter.consume("k"), legacyFieldsWithTime);
  expect(denied).toEqual({ ...expected, "x-ratelimit-remaining": "0", "retry-after": "45" });
});
