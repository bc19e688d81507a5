import { describe, expect, test } from "vitest";
import { calendar } from "../../../src/algorithm/calendar.ts";
import { parts } from "../../../src/algorithm/parts.ts";
import { fixedWindow, type Policy, slidingLog, slidingWindow } from "../../../src/algorithm/policy.ts";
import { grants, grantsWindows, keySetWindows } from "../../../src/algorithm/scripts.ts";
import { allOf } from "../../../src/limiter/all-of.ts";
import { leasedWindows } from "../../../src/limiter/leases/leased-windows.ts";
import { leases } from "../../../src/limiter/leases/leases.ts";
import { createLimiter } from "../../../src/limiter/limiter.ts";
import type { LimiterOptions } from "../../../src/limiter/options.ts";
import { penalty } from "../../../src/limiter/penalty/penalty.ts";
import { MIDNIGHT } from "../../support/clock.ts";
import { known } from "../../support/known.ts";
import { calls, MAX_MS, rigOf, sources } from "./rig.ts";

const perDay = (limit: number, timeZone = "Europe/Berlin"): Policy =>
  fixedWindow({ name: "p", limit, window: calendar("1 day", { timeZone }) });

/** Isolates with leases of windows, and the scripts that they ran on several keys. */
function rig(policies: Policy[]) {
  const own = rigOf(policies);
  const scripts = new Set<string>();
  const { run } = own.store;
  own.store.run = (script, ...rest) => {
    scripts.add(script.sha1);
    return (run as NonNullable<typeof run>)(script, ...rest);
  };
  const isolate = (options: Partial<LimiterOptions> = {}) =>
    own.isolate({ leases: leases({ maxMs: MAX_MS, windows: leasedWindows() }), ...options });
  return { ...own, scripts, isolate };
}

/** A night that is an hour shorter than the one before: it ends at 22:00 UTC, and not at 23:00. */
const END = Date.UTC(2026, 2, 29, 22);

describe("a period of the calendar", () => {
  test("calls are served without a request, by one script that knows the calendar", async () => {
    const { clock, asked, scripts, isolate } = rig([perDay(10_000)]);
    const decisions = await calls({ clock }, isolate(), 200);
    expect(decisions.every(({ allowed }) => allowed)).toBe(true);
    expect(asked.length).toBeLessThan(25);
    expect(scripts).toEqual(new Set([grantsWindows.sha1]));
  });

  test("a lease ends with the period that it was taken from, by the zone's clock", async () => {
    const own = rig([perDay(10_000)]);
    own.clock.ms = END - 750;
    const limiter = own.isolate();
    const decisions = await calls(own, limiter, 60);
    expect(sources(decisions).at(-1)).toBe("lease+");
    own.clock.ms = END - 51;
    expect((await limiter.consume("k")).source).toBe("lease");
    own.clock.ms = END - 50;
    expect((await limiter.consume("k")).source).toBe("store");
  });

  test("what was not spent comes back within its period, and not into the next one", async () => {
    const back = async (startMs: number) => {
      const own = rig([perDay(10_000)]);
      own.clock.ms = startMs;
      const limiter = own.isolate();
      await calls(own, limiter, 60);
      // A call that asks for more, and what it got.
      for (own.asked.length = 0; own.asked.length === 0; await calls(own, limiter, 1));
      own.clock.ms += MAX_MS;
      const other = own.isolate();
      await other.consume("k");
      const before = known(await other.peek("k")).remaining;
      const { source, remaining } = known(await limiter.consume("k"));
      expect(source).toBe("store");
      return remaining - before + 1;
    };
    expect(await back(END - 10_000)).toBeGreaterThan(5);
    expect(await back(END - 1200)).toBe(0);
  });

  test("has no pause: its snapshot is exact", async () => {
    const own = rig([perDay(40)]);
    const decisions = await calls(own, own.isolate(), 60);
    expect(sources(decisions).at(-1)).toBe("snapshot-");
    expect(decisions.filter(({ allowed }) => allowed)).toHaveLength(40);
  });

  test("shares its counts with limiters that have no leases", async () => {
    const own = rig([perDay(40)]);
    await calls(own, own.isolate(), 20);
    const plain = own.isolate({ leases: undefined });
    const admitted = (await calls(own, plain, 40)).filter(({ allowed }) => allowed).length;
    expect(admitted).toBeGreaterThan(0);
    expect(admitted).toBeLessThanOrEqual(20);
  });

  test("with a penalty: a denial strikes, and the block ends what is held", async () => {
    const own = rig([perDay(100)]);
    const policies = [perDay(100), penalty({ after: 1, within: "1 m", for: "1 m" })];
    const limiter = own.isolate({ policies });
    expect(sources(await calls(own, limiter, 60)).at(-1)).toBe("lease+");
    expect((await limiter.consume("k", { cost: 90 })).source).toBe("penalty");
    expect(sources(await calls(own, limiter, 3))).toEqual(["penalty-", "penalty-", "penalty-"]);
  });
});

describe("a window in parts", () => {
  const inParts = (limit: number) => slidingWindow({ name: "p", limit, window: "10 s", parts: parts(5) });

  test("calls are served without a request, and the key is that of limiters without leases", async () => {
    const own = rig([inParts(10_000)]);
    const decisions = await calls(own, own.isolate(), 200);
    expect(decisions.every(({ allowed }) => allowed)).toBe(true);
    expect(own.asked.length).toBeLessThan(25);
    const plain = own.isolate({ leases: undefined });
    expect(known(await plain.peek("k")).remaining).toBeLessThanOrEqual(10_000 - 200);
  });

  test("counts for longer by the time of a lease, and says so", async () => {
    const own = rig([inParts(10)]);
    const limiter = own.isolate();
    await limiter.consume("k", { cost: 10 });
    own.clock.ms += 1;
    expect(known(await limiter.consume("k"))).toMatchObject({ allowed: false, retryAfterMs: 10_000 + MAX_MS - 1 });
    own.clock.ms += 10_000 + MAX_MS - 2;
    expect((await limiter.consume("k")).allowed).toBe(false);
    own.clock.ms += 1;
    expect((await limiter.consume("k")).allowed).toBe(true);
  });

  test("what was not spent comes back to where it was taken, and not in place of older units", async () => {
    const own = rig([inParts(10_000)]);
    const [limiter, other] = [own.isolate(), own.isolate({ leases: undefined })];
    await other.consume("k", { cost: 3000 });
    own.clock.ms += 8000;
    await calls(own, limiter, 60);
    // A call that asks for more, and what it got.
    for (own.asked.length = 0; own.asked.length === 0; await calls(own, limiter, 1));
    const held = known(await limiter.peek("k")).remaining - known(await other.peek("k")).remaining;
    expect(held).toBeGreaterThan(10);
    own.clock.ms += MAX_MS;
    const before = known(await other.peek("k")).remaining;
    const granted = known(await limiter.consume("k")).remaining - known(await other.peek("k")).remaining;
    // Until the old units have left, and that limiter gives back no more.
    own.clock.ms = MIDNIGHT + 10_000;
    expect(known(await other.peek("k")).remaining).toBe(before + 3000 + held - granted - 1);
  });

  test("is refused where a lease is longer than a tenth of it", () => {
    const { store } = rigOf();
    const make = (maxMs?: number) => () =>
      createLimiter({
        ...{ name: "n", store, policies: [inParts(10)] },
        leases: leases({ maxMs, windows: leasedWindows() }),
      });
    expect(make(1000)).not.toThrow();
    expect(make()).not.toThrow();
    expect(make(1001)).toThrow(
      'leases.maxMs 1001 is too long for the policy "p": its window of 10000 ms must be at least 10 times that',
    );
  });
});

describe("several limiters with leases", () => {
  const plain = fixedWindow({ name: "p", limit: 1000, window: "10 s" });

  test("one request asks for a period and a window", async () => {
    const own = rig([perDay(10_000)]);
    const day = own.isolate({ name: "day" });
    const org = own.isolate({ name: "org", policies: [plain], leases: leases({ maxMs: MAX_MS }) });
    const all = allOf({ org, day });
    const decisions = [];
    for (let i = 0; i < 100; i += 1) {
      decisions.push(await all.consume({ org: "o", day: "d" }));
      own.clock.ms += 10;
    }
    expect(sources(decisions).at(-1)).toBe("lease+");
    expect(decisions.every(({ allowed }) => allowed)).toBe(true);
    expect(own.asked.length).toBeLessThan(20);
    expect(own.scripts).toContain(grantsWindows.sha1);
    expect(own.scripts).not.toContain(grants.sha1);
  });

  test("beside a window that their script does not know nothing is taken ahead", async () => {
    const own = rig([perDay(10_000)]);
    const org = own.isolate({ name: "org", policies: [plain], leases: leases({ maxMs: MAX_MS }) });
    const user = own.isolate({ name: "user", leases: undefined });
    const all = allOf({ org, user });
    for (let i = 0; i < 20; i += 1) await all.consume({ org: "o", user: "u" });
    expect(own.scripts).toEqual(new Set([keySetWindows.sha1]));
  });
});

describe("what does not go with leases says so", () => {
  const { store } = rigOf();
  const make = (policy: Policy, options = {}) =>
    createLimiter({ name: "n", store, policies: [policy], leases: leases(options) });

  test("a calendar without what it needs", () => {
    expect(() => make(perDay(10))).toThrow(
      'leases don\'t go with the algorithm of the policy "p" without leasedWindows()',
    );
  });

  test("a window in parts without what it needs", () => {
    expect(() => make(slidingWindow({ name: "x", limit: 10, window: "1 m", parts: parts(2) }))).toThrow(
      'leases don\'t go with the algorithm of the policy "x" without leasedWindows()',
    );
  });

  test("a log", () => {
    const policy = slidingLog({ name: "x", limit: 10, window: "1 m" });
    expect(() => make(policy, { windows: leasedWindows() })).toThrow(
      /^leases don't go with the algorithm of the policy "x"$/,
    );
  });

  test("what is not made by leasedWindows", () => {
    // @ts-expect-error: the function, not called
    expect(() => leases({ windows: leasedWindows })).toThrow("leases.windows must be made by leasedWindows(), not");
  });
});
