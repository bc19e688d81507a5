import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { fixedWindow, tokenBucket } from "../../../src/algorithm/policy.ts";
import type { Decision } from "../../../src/core/decision.ts";
import { leases } from "../../../src/limiter/leases/leases.ts";
import type { Limiter } from "../../../src/limiter/limiter.ts";
import { known } from "../../support/known.ts";
import { rigOf } from "./rig.ts";

const TIMEOUT_MS = 800;
const noBreaker = { timeoutMs: TIMEOUT_MS, breaker: false } as const;

/** Does something behind the first take and the two looks of a call that several databases have to give to. */
function behindTheFirstTake(hooks: ReturnType<typeof rigOf>["hooks"], task: () => unknown): void {
  let requests = 0;
  hooks.before = () => {
    requests += 1;
    if (requests !== 4) return undefined;
    hooks.before = undefined;
    return task();
  };
}

async function sixOf(limiter: Limiter): Promise<void> {
  for (let i = 0; i < 6; i += 1) await limiter.consume("ada");
}

describe("one deadline over all databases", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** What it comes to, and after how many ms. */
  async function timed(call: Promise<Decision>): Promise<{ decision: Decision; ms: number }> {
    const since = Date.now();
    let done: Decision | undefined;
    void call.then((decision) => {
      done = decision;
    });
    for (;;) {
      await vi.advanceTimersByTimeAsync(1);
      if (done) return { decision: done, ms: Date.now() - since };
    }
  }

  test.each(["the clock runs", "the clock stands still"])(
    "each but the last gets half of what is left (%s)",
    async (clock) => {
      const { isolate, state, taken } = rigOf();
      const now = clock === "the clock runs" ? () => Date.now() : () => 1_760_000_000_000;
      const limiter = isolate({}, { ...noBreaker, now });
      state.fra = "silent";
      const one = await timed(limiter.consume("ada"));
      expect(one.decision).toMatchObject({ allowed: true, regions: { iad: { units: [1] } } });
      expect(Math.abs(one.ms - TIMEOUT_MS / 2)).toBeLessThan(10);
      state.iad = "silent";
      const two = await timed(limiter.consume("ada"));
      expect(two.decision).toMatchObject({ allowed: true, regions: { syd: { units: [1] } } });
      expect(Math.abs(two.ms - (TIMEOUT_MS * 3) / 4)).toBeLessThan(10);
      state.syd = "silent";
      taken();
      const three = await timed(limiter.consume("ada"));
      expect(three.decision).toMatchObject({ allowed: true, source: "fallback" });
      expect(Math.abs(three.ms - TIMEOUT_MS)).toBeLessThan(10);
      expect(taken()).toEqual(["fra", "iad", "syd"]);
    },
  );

  test("a home gets all of it", async () => {
    const { isolate, state } = rigOf();
    state.iad = "silent";
    const { decision, ms } = await timed(isolate({ shares: () => ({ iad: 1 }) }, noBreaker).consume("ada"));
    expect(decision.source).toBe("fallback");
    expect(Math.abs(ms - TIMEOUT_MS)).toBeLessThan(10);
  });

  test("the one before an exhausted one is the last", async () => {
    const { isolate, state } = rigOf();
    const limiter = isolate({}, { ...noBreaker, now: () => Date.now() });
    for (let i = 0; i < 10; i += 1) await limiter.consume("ada");
    await limiter.refund("ada", 1);
    state.fra = "silent";
    const { decision, ms } = await timed(limiter.consume("ada"));
    expect(decision).toMatchObject({ allowed: false, source: "snapshot" });
    expect(Math.abs(ms - TIMEOUT_MS)).toBeLessThan(10);
  });

  test("and so is one before databases that a breaker keeps from being asked", async () => {
    const { isolate, state } = rigOf();
    const near = (key: string) => (key === "ada" ? (["fra", "iad", "syd"] as const) : (["iad", "syd", "fra"] as const));
    const limiter = isolate({ near }, { timeoutMs: TIMEOUT_MS, now: () => Date.now() });
    Object.assign(state, { iad: "away", syd: "away" });
    for (let i = 0; i < 3; i += 1) await limiter.consume("bob");
    state.fra = "silent";
    const { decision, ms } = await timed(limiter.consume("ada"));
    expect(decision.source).toBe("fallback");
    expect(Math.abs(ms - TIMEOUT_MS)).toBeLessThan(10);
  });

  test("what goes back when the caller goes gets what is left then", async () => {
    const { isolate, state } = rigOf();
    const limiter = isolate({}, { ...noBreaker, now: () => Date.now() });
    const leaver = new AbortController();
    Object.assign(state, { iad: "silent", syd: "silent" });
    setTimeout(() => {
      state.fra = "silent";
      leaver.abort(new Error("gone"));
    }, 300);
    const call = limiter.consume("ada", { cost: 8, signal: leaver.signal });
    const { decision, ms } = await timed(call.catch((reason) => reason));
    expect(decision).toEqual(new Error("gone"));
    expect(Math.abs(ms - TIMEOUT_MS)).toBeLessThan(10);
  });

  test("with none left nobody is asked", async () => {
    const { isolate, state, taken } = rigOf();
    const limiter = isolate({}, { ...noBreaker, now: () => Date.now() });
    Object.assign(state, { fra: "silent", iad: "silent", syd: "silent" });
    expect((await timed(limiter.charge("ada", 1))).ms).toBeLessThan(TIMEOUT_MS + 10);
    await vi.advanceTimersByTimeAsync(TIMEOUT_MS);
    // For a call that takes. There was no time to book it.
    expect(taken()).toEqual(["fra", "iad", "syd"]);
  });

  test("a database that is silent costs at most one deadline per pause, and none is asked in it", async () => {
    const { isolate, state, taken } = rigOf([fixedWindow({ name: "p", limit: 30_000, window: "1 h" })]);
    const limiter = isolate({}, { timeoutMs: TIMEOUT_MS, now: () => Date.now() });
    state.fra = "silent";
    let lostMs = 0;
    const first = Date.now();
    while (Date.now() - first < 60_000) {
      const { decision, ms } = await timed(limiter.consume("ada"));
      expect(decision).toMatchObject({ allowed: true, regions: { iad: { units: [1] } } });
      lostMs += ms > 100 ? ms : 0;
      await vi.advanceTimersByTimeAsync(20);
    }
    const asked = taken().filter((name) => name === "fra").length;
    // Three failures in a row, then one for each pause: 0.25 to 0.5 s at first, then twice that, up to 10 s.
    expect(asked).toBeLessThan(20);
    expect(lostMs).toBeLessThanOrEqual(asked * (TIMEOUT_MS / 2 + 5));
    state.fra = "well";
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await limiter.consume("ada")).toMatchObject({ regions: { fra: { units: [1] } } });
  });

  test("one that is silent behind others that deny is found to be away, too", async () => {
    const { isolate, state, taken } = rigOf();
    const limiter = isolate({}, { timeoutMs: TIMEOUT_MS, now: () => Date.now(), snapshots: false });
    for (let i = 0; i < 10; i += 1) await limiter.consume("ada");
    state.iad = "silent";
    for (let i = 0; i < 4; i += 1) expect((await timed(limiter.consume("ada"))).decision.allowed).toBe(false);
    taken();
    const { decision, ms } = await timed(limiter.consume("ada"));
    expect(decision).toMatchObject({ allowed: false, source: "store" });
    expect(ms).toBeLessThan(10);
    expect(taken()).toEqual(["fra", "syd"]);
  });
});

describe("databases that are away", () => {
  test("the others go on, and a lost home costs its keys alone", async () => {
    const { isolate, state } = rigOf();
    state.fra = "away";
    const limiter = isolate({}, { failureMode: "closed" });
    let admitted = 0;
    for (let i = 0; i < 20; i += 1) if ((await limiter.consume("ada")).allowed) admitted += 1;
    expect(admitted).toBe(6);
    const homes = isolate({ shares: (key) => (key === "there" ? { iad: 1 } : { fra: 1 }) }, { name: "homes" });
    expect(await homes.consume("there")).toMatchObject({ allowed: true, source: "store" });
    expect(await homes.consume("here")).toMatchObject({ allowed: true, source: "fallback" });
  });

  test.each(["open", "closed", "memory"] as const)(
    "where one has denied, the answer is denied, in mode %s",
    async (failureMode) => {
      const { isolate, state } = rigOf();
      const before = isolate();
      for (let i = 0; i < 4; i += 1) await before.consume("ada");
      state.iad = "away";
      state.syd = "away";
      const limiter = isolate({}, { failureMode, snapshots: false });
      for (let i = 0; i < 6; i += 1) {
        expect(await limiter.consume("ada")).toMatchObject({ allowed: false, source: "store", remaining: 0 });
      }
    },
  );

  test.each([
    ["open", { allowed: true, source: "fallback" }],
    ["closed", { allowed: false, source: "fallback" }],
    ["memory", { allowed: true, source: "memory", limit: 10, remaining: 9 }],
  ] as const)("where none can be asked, the failure mode %s answers", async (failureMode, answer) => {
    const { isolate, state } = rigOf();
    Object.assign(state, { fra: "away", iad: "away", syd: "away" });
    const limiter = isolate({}, { failureMode });
    const decision = await limiter.consume("ada");
    expect(decision).toMatchObject(answer);
    expect(decision.error?.message).toMatch(/fra is away/);
    // What was counted here goes back to here.
    if (failureMode === "memory") {
      Object.assign(state, { fra: "well", iad: "well", syd: "well" });
      expect(await limiter.refund("ada", 1, { since: decision })).toMatchObject({ source: "memory", remaining: 10 });
    }
  });

  test("with failure mode memory one isolate admits the whole limit by itself, and no more", async () => {
    const { isolate, state } = rigOf();
    Object.assign(state, { fra: "away", iad: "away", syd: "away" });
    const limiter = isolate({}, { failureMode: "memory" });
    let admitted = 0;
    for (let i = 0; i < 30; i += 1) if ((await limiter.consume("ada")).allowed) admitted += 1;
    expect(admitted).toBe(10);
  });

  test("a cost that takes the missing one's share waits for its return, not for ever", async () => {
    const { isolate, state } = rigOf();
    state.syd = "away";
    expect(await isolate().consume("ada", { cost: 9 })).toMatchObject({
      allowed: false,
      retryAfterMs: 1000,
      remaining: 7,
    });
    expect(await isolate().consume("ada", { cost: 11 })).toMatchObject({ allowed: false, retryAfterMs: Infinity });
  });

  test("events tell which region was asked, and why it gave no answer", async () => {
    const { isolate, state, events } = rigOf();
    state.fra = "away";
    await isolate().consume("ada");
    expect(events).toMatchObject([
      { type: "store", limiter: "api", region: "fra", purpose: "check", error: { kind: "network" } },
      { type: "store", limiter: "api", region: "iad", purpose: "check" },
      { type: "decision", operation: "consume", decision: { allowed: true } },
    ]);
  });

  test("a caller who goes ends the tour", async () => {
    const { isolate, hooks, taken } = rigOf();
    const leaver = new AbortController();
    hooks.before = () => leaver.abort(new Error("gone"));
    await expect(isolate().consume("ada", { signal: leaver.signal })).rejects.toThrow("gone");
    expect(taken()).toEqual(["fra"]);
  });
});

describe("a cost that no region has alone", () => {
  test("is taken from each in proportion, first from the first by name, from wherever the caller is", async () => {
    const { isolate, taken } = rigOf();
    const decision = known(await isolate({ near: "syd" }).consume("ada", { cost: 8 }));
    expect(decision).toMatchObject({
      allowed: true,
      remaining: 2,
      regions: { fra: { units: [4] }, iad: { units: [2] }, syd: { units: [2] } },
    });
    // The others are looked at while the first gives.
    expect(taken()).toEqual(["fra", "syd", "iad", "iad", "syd"]);
  });

  test("is not begun with where others are known to have less than their part", async () => {
    const { isolate, taken } = rigOf();
    await isolate({ near: "iad" }).consume("ada", { cost: 3 });
    for (const near of ["syd", "fra"] as const) await isolate({ near }).consume("ada");
    taken();
    const [limiter, onlooker] = [isolate(), isolate({}, { snapshots: false })];
    const denied = { allowed: false, remaining: 5, retryAfterMs: 60_000 };
    expect(await limiter.consume("ada", { cost: 6 })).toMatchObject({ ...denied, source: "store" });
    // fra gave its part, was looked at twice, and got it back.
    expect(taken().filter((name) => name === "fra")).toEqual(["fra", "fra", "fra", "fra"]);
    expect(await onlooker.peek("ada")).toMatchObject({ remaining: 3 });
    taken();
    // A look, since what comes back is not in a snapshot.
    expect(await limiter.consume("ada", { cost: 6 })).toMatchObject({ ...denied, source: "store" });
    expect(taken()).toEqual(["fra"]);
    expect(await limiter.consume("ada", { cost: 6 })).toMatchObject({ ...denied, source: "snapshot" });
    expect(taken()).toEqual([]);
  });

  test("goes back, once, if somebody else takes the rest in between; no denial in between is remembered", async () => {
    const { isolate, hooks, taken } = rigOf();
    const other = isolate({ near: "syd" });
    const limiter = isolate();
    behindTheFirstTake(hooks, () => sixOf(other));
    const denied = known(await limiter.consume("ada", { cost: 8 }));
    // As seen: fra has its four back, and syd what it gave beside what it had then.
    expect(denied).toMatchObject({ allowed: false, regions: {}, remaining: 6 });
    expect(denied.retryAfterMs).toBe(60_000);
    taken();
    const peeked = known(await isolate({}, { snapshots: false }).peek("ada"));
    expect(peeked.remaining).toBe(4);
    taken();
    // fra has its four back, and this isolate asks for them.
    for (let i = 0; i < 4; i += 1)
      expect(await limiter.consume("ada")).toMatchObject({ allowed: true, regions: { fra: { units: [1] } } });
    for (let i = 0; i < 2; i += 1)
      expect(await limiter.consume("ada")).toMatchObject({ allowed: true, regions: { syd: { units: [1] } } });
    expect(await limiter.consume("ada")).toMatchObject({ allowed: false });
  });

  test("goes back to the window that it was taken of, or nowhere", async () => {
    const { isolate, hooks, clock } = rigOf();
    const other = isolate({}, { snapshots: false });
    clock.ms += 60_000 - (clock.ms % 60_000) - 1;
    let admitted = 0;
    const takeAll = async () => {
      while ((await other.consume("ada")).allowed) admitted += 1;
    };
    behindTheFirstTake(hooks, async () => {
      clock.ms += 1;
      await takeAll();
    });
    expect(await isolate().consume("ada", { cost: 8 })).toMatchObject({ allowed: false });
    // What fra gave was of the window before.
    await takeAll();
    expect(admitted).toBe(10);
  });

  test("nothing is taken by what a snapshot says alone, which is the most that can be there", async () => {
    const { isolate, clock, taken } = rigOf([tokenBucket({ name: "p", limit: 10, window: "4 s" })]);
    const [limiter, other] = [isolate(), isolate({}, { snapshots: false })];
    await limiter.consume("ada", { cost: 10 });
    expect(await limiter.consume("ada", { cost: 5 })).toMatchObject({ allowed: false, source: "snapshot" });
    // Of their four, three and three units fra has three again, iad and syd have two.
    clock.ms += 3900;
    for (let i = 0; i < 3; i += 1) await other.consume("ada");
    taken();
    expect(await limiter.consume("ada", { cost: 5 })).toMatchObject({ allowed: false, remaining: 4 });
    // Looks.
    expect(taken()).toEqual(["fra", "iad", "syd"]);
    expect(await limiter.consume("ada", { cost: 5 })).toMatchObject({ allowed: false, source: "snapshot" });
    expect(taken()).toEqual([]);
  });

  test("is looked for again where the first region has less than its part: somebody may be taking it", async () => {
    const { isolate, hooks, taken } = rigOf();
    const other = isolate({ near: "syd" });
    await isolate().consume("ada", { cost: 4 });
    taken();
    let requests = 0;
    hooks.before = async () => {
      requests += 1;
      // The last look of the second time.
      if (requests !== 6) return;
      hooks.before = undefined;
      for (let i = 0; i < 3; i += 1) await other.consume("ada");
      taken();
    };
    expect(await isolate().consume("ada", { cost: 5 })).toMatchObject({ allowed: false, remaining: 3 });
    expect(taken()).toEqual([]);
    expect(await isolate().consume("ada", { cost: 3 })).toMatchObject({
      allowed: true,
      regions: { iad: { units: [3] } },
    });
  });

  test("is asked for once more where some of it is gone, behind another look", async () => {
    const { isolate, hooks, clock } = rigOf([tokenBucket({ name: "p", limit: 10, window: "1 s" })]);
    const other = isolate({ near: "iad" });
    behindTheFirstTake(hooks, async () => {
      for (let i = 0; i < 3; i += 1) await other.consume("ada");
      clock.ms += 300;
    });
    const decision = known(await isolate({}, { timeoutMs: 2000 }).consume("ada", { cost: 8 }));
    // iad had none of its two any more; fra and syd have one each behind that.
    expect(decision).toMatchObject({ allowed: true, regions: { fra: { units: [5] }, syd: { units: [3] } } });
  });

  test("is told as the store's where a snapshot denied more of it in the region that gave first", async () => {
    const { isolate, hooks, asked } = rigOf();
    const [limiter, other] = [isolate(), isolate({ near: ["iad", "syd"] })];
    behindTheFirstTake(hooks, async () => {
      for (let i = 0; i < 3; i += 1) await other.consume("ada");
      const ofSyd = await other.consume("ada", { cost: 1 });
      // Of this isolate, which then knows that fra has nothing left.
      await limiter.consume("ada");
      asked.splice(0);
      hooks.before = () => {
        if (asked.length < 2) return undefined;
        hooks.before = undefined;
        return other.refund("ada", 1, { since: ofSyd });
      };
    });
    const decision = known(await limiter.consume("ada", { cost: 6 }));
    expect(decision).toMatchObject({ allowed: true, regions: { fra: { units: [3] }, syd: { units: [3] } } });
    // syd had one of two, then it gave that one, then the one that came back.
    expect(asked).toEqual(["syd", "syd", "syd", "syd"]);
    expect(decision.source).toBe("store");
  });

  test("leaves what leases hold in a region that denied it", async () => {
    const { isolate, hooks, clock } = rigOf([tokenBucket({ name: "p", limit: 6000, window: "1 m", burst: 300 })]);
    const [limiter, other] = [1, 2].map(() => isolate({ near: "iad" }, { leases: leases({ maxMs: 1000 }) })) as [
      Limiter,
      Limiter,
    ];
    for (let i = 0; i < 40; i += 1) {
      clock.ms += 5;
      await limiter.consume("ada");
    }
    expect(await limiter.peek("ada")).toMatchObject({ source: "lease" });
    behindTheFirstTake(hooks, () => other.consume("ada", { cost: 15 }));
    expect(await limiter.consume("ada", { cost: 130 })).toMatchObject({ allowed: true, source: "store" });
    expect(await limiter.peek("ada")).toMatchObject({ source: "lease" });
  });

  test("is denied where a region that gave of it is away when the rest is to be taken", async () => {
    const { isolate, hooks, state } = rigOf();
    const other = isolate({ near: "iad" });
    behindTheFirstTake(hooks, async () => {
      for (let i = 0; i < 3; i += 1) await other.consume("ada");
      for (const name of ["fra", "syd"] as const) state[name] = "away";
    });
    expect(await isolate({}, { failureMode: "open" }).consume("ada", { cost: 5 })).toMatchObject({
      allowed: false,
      source: "store",
      remaining: 0,
    });
  });

  test("what is lost on the way back stays taken", async () => {
    const { isolate, hooks, state, clock } = rigOf();
    const other = isolate({ near: "syd" });
    behindTheFirstTake(hooks, async () => {
      await sixOf(other);
      state.fra = "away";
    });
    expect(await isolate().consume("ada", { cost: 8 })).toMatchObject({ allowed: false });
    state.fra = "well";
    // What syd gave has come back, and what fra gave has not.
    expect(await isolate().peek("ada")).toMatchObject({ allowed: true, remaining: 2 });
    clock.ms += 60_000;
    expect(await isolate().consume("ada", { cost: 10 })).toMatchObject({ allowed: true });
  });

  test("goes back if the caller goes", async () => {
    const { isolate, hooks } = rigOf();
    const leaver = new AbortController();
    behindTheFirstTake(hooks, () => leaver.abort(new Error("gone")));
    await expect(isolate().consume("ada", { cost: 8, signal: leaver.signal })).rejects.toThrow("gone");
    // iad may have taken its part when the caller went: that stays taken.
    expect(known(await isolate({}, { snapshots: false }).consume("ada", { cost: 7 }))).toMatchObject({ allowed: true });
  });

  test("goes back behind the answer where the platform lets it", async () => {
    const { isolate, hooks } = rigOf();
    const other = isolate({ near: "syd" });
    const tasks: Promise<unknown>[] = [];
    behindTheFirstTake(hooks, () => sixOf(other));
    const limiter = isolate({}, { waitUntil: (task) => void tasks.push(task) });
    expect(await limiter.consume("ada", { cost: 8 })).toMatchObject({ allowed: false });
    expect(tasks).toHaveLength(1);
    await Promise.all(tasks);
    expect(await limiter.consume("ada", { cost: 4 })).toMatchObject({ allowed: true });
  });
});
