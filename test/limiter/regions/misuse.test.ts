import { describe, expect, expectTypeOf, test } from "vitest";
import { fixedWindow, slidingLog } from "../../../src/algorithm/policy.ts";
import { allOf } from "../../../src/limiter/all-of.ts";
import { inFlight } from "../../../src/limiter/in-flight/policy.ts";
import { leases } from "../../../src/limiter/leases/leases.ts";
import { createLimiter } from "../../../src/limiter/limiter.ts";
import { regions } from "../../../src/limiter/regions/regions.ts";
import { memoryStore } from "../../../src/store/memory.ts";
import type { Store } from "../../../src/store/store.ts";
import { outageStore } from "../../../src/testing/outage-store.ts";
import { rigOf } from "./rig.ts";

const policies = [fixedWindow({ limit: 10, window: "1 m" })];
const fra = memoryStore();
const iad = memoryStore();
const two = { fra, iad };
const sharedBy = (shares: unknown) => () => regions({ near: "fra", stores: two, shares: shares as never });

describe("options", () => {
  test.each<[string, () => unknown, RegExp]>([
    ["none", () => regions(undefined as never), /^The options of regions must be an object, not undefined$/],
    [
      "no stores",
      () => regions({ near: "a", stores: {} as never }),
      /^stores must be an object of 1 to 16 stores by region/,
    ],
    [
      "what is no store",
      () => regions({ near: "fra", stores: { fra: {} as Store } }),
      /^stores.fra must be redisStore\(…\) or memoryStore\(\), not an object$/,
    ],
    ["a name with a slash", () => regions({ near: "a/b", stores: { "a/b": fra } }), /^The name of a region must be/],
    [
      "one store twice",
      () => regions({ near: "fra", stores: { fra, iad: fra } }),
      /^stores.iad is the same store as stores.fra/,
    ],
    [
      "memory and Redis",
      () => regions({ near: "fra", stores: { fra, iad: outageStore() } }),
      /^stores.iad and stores.fra must both be in memory/,
    ],
    [
      "regions in regions",
      () => regions({ near: "all", stores: { all: regions({ near: "fra", stores: two }) } }),
      /^stores.all is itself made by regions/,
    ],
    [
      "an unknown nearest",
      () => regions({ near: "syd" as never, stores: two }),
      /^near names the region "syd"; the stores are "fra", "iad"$/,
    ],
    ["no nearest", () => regions({ near: undefined as never, stores: two }), /^near names the region undefined/],
    ["weights of an unknown region", sharedBy({ fra: 1, syd: 1 }), /^shares names the region "syd"/],
    ["no weight", sharedBy({ fra: 0 }), /^shares must give at least one region a weight above 0$/],
    ["a broken weight", sharedBy({ fra: 0.5 }), /^shares.fra must be a whole number/],
    ["a weight that is text", sharedBy({ fra: "1" }), /^shares.fra must be a whole number/],
    ["too great a weight", sharedBy({ fra: 1e7 }), /^shares.fra must be .*1000000/],
    ["weights in a list", sharedBy([1, 1]), /^shares must be an object of weights by region/],
  ])("%s", (_name, make, error) => {
    expect(make).toThrow(error);
  });

  test("what functions return is checked at each call", async () => {
    const limiterOf = (options: object) =>
      createLimiter({
        name: "x",
        policies,
        store: regions({ near: "fra", stores: { fra: memoryStore() }, ...options }),
      });
    await expect(limiterOf({ near: () => "syd" }).consume("k")).rejects.toThrow(/near names the region "syd"/);
    await expect(limiterOf({ shares: () => ({ syd: 1 }) }).consume("k")).rejects.toThrow(
      /shares names the region "syd"/,
    );
    await expect(limiterOf({ shares: async () => ({ fra: 1 }) }).consume("k")).rejects.toThrow(
      /shares must be an object/,
    );
  });

  test("names of regions that are none do not compile", () => {
    // @ts-expect-error: syd is no store
    expect(() => regions({ near: "syd", stores: two })).toThrow();
    // @ts-expect-error: syd is no store
    expect(() => regions({ near: "fra", stores: two, shares: { syd: 1 } })).toThrow();
    // @ts-expect-error: syd is no store
    regions({ near: () => "syd", stores: two });
    expectTypeOf(
      regions({ near: ["iad", "fra"], stores: two, shares: () => ({ fra: 9, iad: 1 }) }),
    ).toEqualTypeOf<Store>();
  });
});

describe("what regions don't go with is refused at construction", () => {
  const store = () => regions({ near: "fra", stores: { fra: memoryStore(), iad: memoryStore() } });

  test.each([slidingLog({ name: "log", limit: 5, window: "1 m" }), inFlight({ name: "work", limit: 5, hold: "1 m" })])(
    "the algorithm of $name",
    (policy) => {
      expect(() => createLimiter({ name: "x", store: store(), policies: [policy] })).toThrow(
        `regions don't go with the algorithm of the policy "${policy.name}"`,
      );
    },
  );

  test("allOf", () => {
    const limiter = createLimiter({ name: "x", store: store(), policies });
    expect(() => allOf({ org: limiter })).toThrow(/^limiters.org is on regions/);
  });

  test("leases where a store can't run scripts on several keys", () => {
    const outages = regions({ near: "fra", stores: { fra: outageStore() } });
    expect(() => createLimiter({ name: "x", store: outages, policies, leases: leases() })).toThrow(/with leases/);
  });

  test("one name for other policies, or for one of the databases alone", () => {
    const { isolate, stores, clock } = rigOf();
    isolate();
    const other = [fixedWindow({ name: "p", limit: 20, window: "1 m" })];
    expect(() => isolate({}, { policies: other })).toThrow(/stands for other policies on this store/);
    const same = [fixedWindow({ name: "p", limit: 10, window: "1 m" })];
    expect(() => createLimiter({ name: "api", store: stores.fra, policies: same, now: clock.now })).toThrow(
      /p over fra\+iad\+syd/,
    );
  });
});

test("a store of regions is asked by limiters alone", () => {
  const store = regions({ near: "fra", stores: two });
  expect(() => store.step({} as never, {} as never)).toThrow(/a store for createLimiter alone/);
});
