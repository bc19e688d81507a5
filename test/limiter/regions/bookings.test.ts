import { describe, expect, test, vi } from "vitest";
import { fixedWindow, tokenBucket } from "../../../src/algorithm/policy.ts";
import { leases } from "../../../src/limiter/leases/leases.ts";
import type { Limiter } from "../../../src/limiter/limiter.ts";
import { known } from "../../support/known.ts";
import { rigOf } from "./rig.ts";

/** What each region has left, by what one call can take of it. */
async function left(isolate: ReturnType<typeof rigOf>["isolate"], key = "ada"): Promise<number[]> {
  const of = async (region: "fra" | "iad" | "syd") => {
    const limiter = isolate({ near: region }, { snapshots: false });
    return known(await limiter.peek(key, { cost: 1 }));
  };
  const all = [await of("fra"), await of("iad"), await of("syd")];
  return all.map(({ remaining }) => remaining);
}

const through = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

describe("what is given back goes to whoever took it", () => {
  test("of one region, out of JSON, whoever is near now", async () => {
    const { isolate } = rigOf();
    const taken = await isolate({ near: "iad" }).consume("ada", { cost: 3 });
    await isolate({ near: "syd" }).consume("ada", { cost: 3 });
    await isolate({ near: "fra" }).refund("ada", 2, { since: through(taken) });
    expect(await left(isolate)).toEqual([4, 2, 4]);
  });

  test("of several, the last first; never more than each gave", async () => {
    const { isolate } = rigOf();
    const taken = await isolate().consume("ada", { cost: 9 });
    await isolate({ near: "syd" }).refund("ada", 4, { since: through(taken) });
    const limiter = isolate({}, { snapshots: false });
    // fra gave 4, iad 3, syd 2: now iad has 2 and syd 3 again.
    expect(await limiter.consume("ada", { cost: 3 })).toMatchObject({ regions: { syd: { units: [3] } } });
    expect(await limiter.consume("ada", { cost: 2 })).toMatchObject({ regions: { iad: { units: [2] } } });
    expect(await limiter.consume("ada")).toMatchObject({ allowed: false });
  });

  test("of a window that has ended, nothing", async () => {
    const { isolate, clock } = rigOf();
    const limiter = isolate();
    const taken = await limiter.consume("ada", { cost: 9 });
    clock.ms += 60_000;
    await limiter.consume("ada", { cost: 9 });
    await limiter.refund("ada", 9, { since: taken });
    expect(await limiter.consume("ada", { cost: 2 })).toMatchObject({ allowed: false });
  });

  test("of a denied call, of one that nobody counted, and of a region that is none any more, nothing", async () => {
    const { isolate } = rigOf();
    const limiter = isolate();
    const taken = known(await limiter.consume("ada", { cost: 10 }));
    const denied = await limiter.consume("ada");
    await limiter.refund("ada", 1, { since: through(denied) });
    await limiter.refund("ada", 1, { since: through(await limiter.consume("ada", { limit: Infinity })) });
    await limiter.refund("ada", 1, { since: { ...taken, regions: { gone: { at: taken.at, units: [1] } } } });
    expect(await isolate({}, { snapshots: false }).consume("ada")).toMatchObject({ allowed: false });
  });

  test("nothing goes back of what no region gave, wherever the clock begins", async () => {
    const { isolate, clock } = rigOf();
    clock.ms = 1000;
    const limiter = isolate({}, { snapshots: false });
    const taken = known(await limiter.consume("ada", { cost: 10 }));
    await limiter.refund("ada", 5, { since: { ...taken, regions: { gone: { at: taken.at, units: [10] } } } });
    expect(await limiter.consume("ada")).toMatchObject({ allowed: false });
  });

  test("without a decision it goes to whoever answers now", async () => {
    const { isolate, taken } = rigOf();
    const limiter = isolate();
    await limiter.consume("ada", { cost: 4 });
    taken();
    await limiter.refund("ada", 2);
    expect(taken()).toEqual(["fra"]);
    expect(await limiter.consume("ada", { cost: 2 })).toMatchObject({ regions: { fra: { units: [2] } } });
  });

  test("what is no decision over regions is misuse", async () => {
    const { isolate } = rigOf();
    const limiter = isolate();
    const decision = known(await limiter.consume("ada"));
    const { regions: _regions, ...alone } = decision;
    await expect(limiter.refund("ada", 1, { since: alone })).rejects.toThrow(
      /since must be a decision of a limiter on regions/,
    );
    const wrong = { ...decision, regions: { fra: { at: decision.at, units: [-1] } } };
    await expect(limiter.refund("ada", 1, { since: wrong })).rejects.toThrow(
      /since.regions.fra must be what that region gave/,
    );
  });
});

describe("what is booked", () => {
  test("fills the nearest, then the others, and goes past the limits in proportion", async () => {
    const { isolate } = rigOf();
    const limiter = isolate({}, { snapshots: false });
    expect(await limiter.charge("ada", 3)).toMatchObject({ allowed: true, regions: { fra: { units: [3] } } });
    const booked = known(await limiter.charge("ada", 40));
    expect(booked.regions).toMatchObject({ fra: { units: [14] }, iad: { units: [13] }, syd: { units: [13] } });
    expect(await limiter.consume("ada")).toMatchObject({ allowed: false });
  });

  test("is dealt out among the regions that have a part", async () => {
    const { isolate } = rigOf([fixedWindow({ name: "p", limit: 2, window: "1 m" })]);
    const booked = known(await isolate().charge("ada", 40));
    expect(booked.regions).toEqual({
      fra: { at: booked.at, units: [20] },
      iad: { at: booked.at, units: [20] },
    });
  });

  test("a reservation gives back to whoever gave, or charges there what was used beyond", async () => {
    const { isolate } = rigOf();
    const less = await isolate().reserve("ada", { cost: 9 });
    expect(await less.settle(1)).toMatchObject({ allowed: true });
    expect(await less.settle(9)).toMatchObject({ allowed: true });
    expect(await left(isolate)).toEqual([3, 3, 3]);
    const more = await isolate({ near: "iad" }).reserve("bob", { cost: 1 });
    await more.settle(3);
    expect(await isolate({ near: "iad" }).consume("bob")).toMatchObject({ regions: { fra: { units: [1] } } });
    const denied = await isolate().reserve("bob", { cost: 10 });
    expect(await denied.settle(0)).toMatchObject({ allowed: false });
  });

  test("a reset makes all databases whole, and says if one can't be", async () => {
    const { isolate, state } = rigOf();
    const limiter = isolate();
    await limiter.consume("ada", { cost: 10 });
    state.iad = "away";
    await expect(limiter.reset("ada")).rejects.toThrow("iad is away");
    state.iad = "well";
    expect(await isolate().consume("ada", { cost: 8 })).toMatchObject({ allowed: false, remaining: 7 });
    await limiter.reset("ada");
    expect(await limiter.consume("ada", { cost: 10 })).toMatchObject({ allowed: true });
  });

  test("a look asks as a call would, and takes nothing", async () => {
    const { isolate, taken } = rigOf();
    const limiter = isolate();
    expect(await limiter.peek("ada", { cost: 4 })).toMatchObject({ allowed: true, remaining: 4, regions: {} });
    expect(taken()).toEqual(["fra"]);
    expect(await limiter.peek("ada", { cost: 10 })).toMatchObject({ allowed: true, remaining: 10, regions: {} });
    expect(await limiter.consume("ada", { cost: 10 })).toMatchObject({ allowed: true, remaining: 0 });
  });
});

describe("waiting", () => {
  test("a bucket lends where the wait is shortest, and only if nobody has it now", async () => {
    const { isolate } = rigOf([tokenBucket({ name: "p", limit: 30, window: "1 m", burst: 9 })]);
    const limiter = isolate();
    expect(await limiter.consume("ada", { cost: 3, maxDelayMs: 60_000 })).toMatchObject({
      delayMs: 0,
      regions: { fra: {} },
    });
    expect(await limiter.consume("ada", { cost: 3, maxDelayMs: 60_000 })).toMatchObject({
      delayMs: 0,
      regions: { iad: {} },
    });
    expect(await limiter.consume("ada", { cost: 2, maxDelayMs: 60_000 })).toMatchObject({
      delayMs: 0,
      regions: { syd: {} },
    });
    // syd has one left, and 10 a minute come in.
    const lent = known(await limiter.consume("ada", { cost: 2, maxDelayMs: 60_000 }));
    expect(lent).toMatchObject({ allowed: true, delayMs: 6000, regions: { syd: { units: [2] } } });
    await limiter.refund("ada", 2, { since: through(lent) });
    expect(await limiter.consume("ada", { cost: 2, maxDelayMs: 5999 })).toMatchObject({ allowed: false });
  });

  test("sleeps until a window ends, and a waiter who goes leaves its place", async () => {
    vi.useFakeTimers();
    try {
      const { isolate } = rigOf([tokenBucket({ name: "p", limit: 30, window: "1 m", burst: 3 })]);
      const limiter = isolate({}, { now: () => Date.now() });
      for (let i = 0; i < 3; i += 1) await limiter.consume("ada");
      const leaver = new AbortController();
      const gone = limiter.wait("ada", { timeoutMs: 60_000, signal: leaver.signal });
      const stays = limiter.wait("bob", { timeoutMs: 60_000 });
      await vi.advanceTimersByTimeAsync(100);
      leaver.abort(new Error("gone"));
      await expect(gone).rejects.toThrow("gone");
      expect(await stays).toMatchObject({ allowed: true });
      await vi.advanceTimersByTimeAsync(5900);
      // fra's place is free again, and so are the others'.
      for (let i = 0; i < 3; i += 1) expect(await limiter.consume("ada")).toMatchObject({ allowed: true });
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("together with other options", () => {
  test("leases: each region's units are taken ahead, and never more than all of them", async () => {
    const { isolate, clock, asked } = rigOf([tokenBucket({ name: "p", limit: 6000, window: "1 m", burst: 300 })]);
    const limiters = (["fra", "iad"] as const).map((near) => isolate({ near }, { leases: leases({ maxMs: 1000 }) }));
    const sources = new Set<string>();
    let admitted = 0;
    const start = clock.ms;
    for (let i = 0; i < 4000; i += 1) {
      const decision = await (limiters[i % 2] as Limiter).consume("ada");
      sources.add(decision.source);
      if (decision.allowed) admitted += 1;
      const due = 300 + ((clock.ms - start) * 6000) / 60_000;
      expect(admitted).toBeLessThanOrEqual(due);
      clock.ms += 5;
    }
    expect(sources).toContain("lease");
    expect(admitted).toBeGreaterThan(0.9 * (200 + 2000));
    expect(asked.length).toBeLessThan(admitted / 2);
  });

  test("windows of different lengths, from an isolate that is told nothing else", async () => {
    const { isolate } = rigOf([
      fixedWindow({ name: "m", limit: 9, window: "1 m" }),
      fixedWindow({ name: "h", limit: 12, window: "1 h" }),
    ]);
    const limiter = isolate();
    let admitted = 0;
    for (let i = 0; i < 20; i += 1) if ((await limiter.consume("ada")).allowed) admitted += 1;
    expect(admitted).toBe(9);
  });
});

describe("a call whose own limit is 0 or Infinity in every policy", () => {
  test("books and gives back under 0, in the regions' proportions, and under Infinity nothing", async () => {
    const { isolate } = rigOf();
    const limiter = isolate();
    expect(await limiter.charge("ada", 6, { limit: Infinity })).toMatchObject({ source: "snapshot", limit: Infinity });
    expect(await limiter.refund("ada", 6, { limit: Infinity })).toMatchObject({ source: "store", limit: Infinity });
    expect(await left(isolate)).toEqual([4, 3, 3]);
    expect(await limiter.charge("ada", 6, { limit: 0 })).toMatchObject({ source: "store", limit: 0 });
    expect(await left(isolate)).toEqual([2, 1, 1]);
    expect(await limiter.refund("ada", 2, { limit: 0 })).toMatchObject({ source: "store", limit: 0 });
    expect(await left(isolate)).toEqual([4, 1, 1]);
  });

  test("leaves the refill of a region's share as it is", async () => {
    const { isolate, clock } = rigOf([
      tokenBucket({ name: "p", limit: 60, window: "1 m" }),
      fixedWindow({ name: "q", limit: 60, window: "1 m" }),
    ]);
    const limiter = isolate();
    await limiter.consume("ada", { cost: { p: 20 } });
    clock.ms += 10_000;
    await limiter.consume("ada", { cost: { q: 1 }, limit: { p: Infinity } });
    // A third of 60 a minute.
    expect(known(await limiter.peek("ada", { cost: { p: 4 } })).retryAfterMs).toBe(0);
    const [fra] = await left(isolate);
    expect(fra).toBe(3);
  });
});
