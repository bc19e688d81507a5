import { afterAll, describe, expect, inject, test } from "vitest";
import { listIn } from "../../../src/observe/analytics/hour.ts";
import { mergeHour } from "../../../src/observe/analytics/scripts.ts";
import { COUNTERS, createTopKeys } from "../../../src/observe/analytics/top-keys.ts";
import { MOST_KEYS, mergedLists, NO_KEYS, type TopList, topList } from "../../../src/observe/analytics/top-list.ts";
import { type Random, randomFrom } from "../../support/random.ts";
import { connect, uniqueName } from "../../support/redis.ts";
import { zipf } from "../../support/zipf.ts";

const redis = await connect(inject("redisUrl"));
afterAll(() => redis.disconnect());

type Exact = Map<string, number>;

/** A list of `times` keys drawn, counted as an isolate counts, with the exact counts added to `exact`. */
function listOf(draw: () => string, times: number, exact: Exact, counters?: number): TopList {
  const top = createTopKeys(counters);
  for (let i = 0; i < times; i += 1) {
    const key = draw();
    exact.set(key, (exact.get(key) ?? 0) + 1);
    top.add(key);
  }
  return topList(top.entries());
}

/** What the doc comments promise of a list, against what came in truth. */
function expectWithinBounds({ keys, floor }: TopList, exact: Exact): void {
  const total = [...exact.values()].reduce((sum, count) => sum + count, 0);
  expect(keys.length).toBeLessThanOrEqual(MOST_KEYS);
  expect(keys.reduce((sum, { count }) => sum + count, floor)).toBeLessThanOrEqual(total);
  const listed = new Set<string>();
  for (const { key, count, error } of keys) {
    const truth = exact.get(key) ?? 0;
    expect(truth).toBeLessThanOrEqual(count);
    expect(truth).toBeGreaterThanOrEqual(count - error);
    expect(count).toBeGreaterThanOrEqual(floor);
    expect(error).toBeLessThanOrEqual(total / MOST_KEYS);
    listed.add(key);
  }
  expect(listed.size, "no key twice").toBe(keys.length);
  expect(floor).toBeLessThanOrEqual(total / MOST_KEYS);
  for (const [key, truth] of exact) if (!listed.has(key)) expect(truth).toBeLessThanOrEqual(floor);
}

/** Streams of every kind: few keys, many, all different, one that dominates. */
function drawerOf(random: Random): () => string {
  const many = random.pick([1, 3, 40, 64, 65, 300, 5000]);
  const prefix = random.pick(["", "", "x"]);
  const draw = random.pick([() => random.below(many), zipf(many, random), counter()]);
  return () => `${prefix}${draw()}`;
}

function counter(): () => number {
  let next = 0;
  return () => next++;
}

describe("one isolate's keys", () => {
  test("up to as many keys as there are counters are counted exactly, listed by their counts", () => {
    const random = randomFrom(1);
    const exact: Exact = new Map();
    const { keys, floor } = listOf(() => `k${random.below(60)}`, 5000, exact);
    const inOrder = [...exact].sort(([, a], [, b]) => b - a).map(([, count]) => count);
    expect(keys.map(({ count }) => count)).toEqual(inOrder);
    expect(keys.every(({ key, count, error }) => exact.get(key) === count && error === 0)).toBe(true);
    expect(floor).toBe(0);
  });

  test.each([4, 100, COUNTERS])("%s counters and any stream: true counts lie within the bounds told", (counters) => {
    for (let seed = 0; seed < 40; seed += 1) {
      const random = randomFrom(seed);
      const exact: Exact = new Map();
      const top = createTopKeys(counters);
      const draw = drawerOf(random);
      const times = random.below(4000);
      for (let i = 0; i < times; i += 1) {
        const key = draw();
        exact.set(key, (exact.get(key) ?? 0) + 1);
        top.add(key);
      }
      const entries = top.entries();
      expect(entries.length).toBe(Math.min(counters, exact.size));
      expect(entries.reduce((sum, { count }) => sum + count, 0)).toBe(times);
      for (const { key, count, error } of entries) {
        expect(error).toBeLessThanOrEqual(times / counters);
        expect(exact.get(key)).toBeLessThanOrEqual(count);
        expect(exact.get(key)).toBeGreaterThanOrEqual(count - error);
      }
    }
  });

  test("of a key that comes over and over amid ever new ones, nothing is lost", () => {
    const top = createTopKeys();
    for (let i = 0; i < 20_000; i += 1) top.add(i % 100 === 0 ? "steady" : `flood-${i}`);
    const steady = top.entries().find(({ key }) => key === "steady");
    expect(steady?.count).toBeGreaterThanOrEqual(200);
    expect((steady?.count ?? 0) - (steady?.error ?? 0)).toBeLessThanOrEqual(200);
  });
});

describe("merged lists", () => {
  test("any tree of merges keeps the bounds", () => {
    for (let seed = 0; seed < 60; seed += 1) {
      const random = randomFrom(1000 + seed);
      const exact: Exact = new Map();
      const lists = Array.from({ length: 1 + random.below(8) }, () =>
        listOf(drawerOf(random), random.below(900), exact),
      );
      while (lists.length > 1) {
        const [one] = lists.splice(random.below(lists.length), 1);
        const [other] = lists.splice(random.below(lists.length), 1);
        lists.push(mergedLists(one as TopList, other as TopList));
      }
      expectWithinBounds(lists[0] as TopList, exact);
    }
  });

  test("the script merges exactly as its twin does", async () => {
    const stored = ({ keys, floor }: TopList) => [
      floor,
      ...keys.flatMap(({ key, count, error }) => [key, count, error]),
    ];
    for (let seed = 0; seed < 25; seed += 1) {
      const random = randomFrom(2000 + seed);
      const name = uniqueName();
      let twin = NO_KEYS;
      for (let flush = 0; flush < 6; flush += 1) {
        const list = listOf(drawerOf(random), random.below(700), new Map(), random.pick([80, COUNTERS]));
        twin = flush === 0 ? list : mergedLists(twin, list);
        const add = JSON.stringify({ v: 1, sums: {}, tops: { asked: stored(list) } });
        await redis.eval(mergeHour.text, 1, name, add, 60_000);
        const { tops } = JSON.parse((await redis.get(name)) as string);
        expect(listIn(tops.asked)).toEqual(twin);
      }
    }
  });

  test("the ten that come most often of 100 000 keys by Zipf's law, over five isolates that each flush forty times", () => {
    const random = randomFrom(7);
    const draw = zipf(100_000, random);
    const exact: Exact = new Map();
    let list = NO_KEYS;
    for (let flush = 0; flush < 200; flush += 1)
      list = mergedLists(
        list,
        listOf(() => `user:${draw()}`, 1500, exact),
      );
    expectWithinBounds(list, exact);
    const truth = [...exact].sort(([, a], [, b]) => b - a).slice(0, 10);
    expect(list.keys.slice(0, 10).map(({ key }) => key)).toEqual(truth.map(([key]) => key));
    for (const [i, [, count]] of truth.entries()) expect(list.keys[i]?.count).toBeLessThan(count * 1.05);
  });
});
