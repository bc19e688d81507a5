import { createLimiter, fixedWindow, penalty, redisStore } from "sluice";
import { afterAll, describe, expect, inject, test } from "vitest";
import { MIDNIGHT } from "../../support/clock.ts";
import { connect, lastingClientOf, uniqueName } from "../../support/redis.ts";

const redis = await connect(inject("redisUrl"));
afterAll(() => redis.disconnect());

/** Where a value has the end of its block: behind the byte that tells it, the time that it outlives the counts, and the steps. */
const END = 8;
/** More than the longest block, of 366 days, with a month for clocks that are apart. */
const TOO_FAR_MS = 2 ** 35;

describe("penalty", () => {
  test.each([
    ["as far ahead as can be, is believed", TOO_FAR_MS - 1, "blocked"],
    ["too far ahead to be one of ours, is nobody's, and goes", TOO_FAR_MS, "fits"],
  ])("a block in the value, %s", async (_what, aheadMs, outcome) => {
    const name = uniqueName();
    const limiter = createLimiter({
      name,
      store: redisStore(lastingClientOf(redis)),
      policies: [fixedWindow({ limit: 2, window: "1 m" }), penalty({ after: 1, within: "1 m", for: "1 h" })],
      now: () => MIDNIGHT,
      snapshots: false,
    });
    await limiter.block("a", "366 d");
    const [key = ""] = await redis.keys(`${name}:*`);
    const value = (await redis.getBuffer(key)) as Buffer;
    expect([value[0], value.readUIntBE(END, 6)]).toEqual([255, MIDNIGHT + 366 * 86_400_000]);
    value.writeUIntBE(MIDNIGHT + aheadMs, END, 6);
    await redis.set(key, value);
    const { allowed, policy } = await limiter.consume("a");
    expect(allowed ? "fits" : policy).toBe(outcome);
    const length = (await redis.getBuffer(key))?.length;
    expect(length).toBe(outcome === "blocked" ? value.length : 12);
  });
});
