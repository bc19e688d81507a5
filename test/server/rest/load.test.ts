import { expect, test } from "vitest";
import { mixedLoad } from "./mixed-load.ts";

test("each of 3000 mixed requests gets its own answer although clients disconnect, and no connection stays", async () => {
  const { wrong, leakedToRedis, leakedFromClients, answered, disconnected } = await mixedLoad(3000);
  expect(wrong).toEqual([]);
  expect([leakedToRedis, leakedFromClients]).toEqual([0, 0]);
  expect(answered + disconnected).toBe(3000);
  expect(disconnected).toBeGreaterThan(50);
});
