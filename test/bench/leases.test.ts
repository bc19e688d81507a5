import { afterAll, beforeAll, expect, test } from "vitest";
import { pace } from "../../bench/end-to-end/paced.ts";
import { cold } from "../../bench/leases/cold.ts";
import { crowd, mostOver } from "../../bench/leases/crowd.ts";
import { simulatedTrips } from "../../bench/leases/simulated-trips.ts";
import { QUICK } from "../../bench/lib/pace.ts";
import { type PrivateRedis, startPrivateRedis } from "../../src/server/redis/private-redis.ts";
import { createRedisRest } from "../../src/server/rest/server.ts";

// A Redis of its own: the bench empties it and resets its counts.
let redis: PrivateRedis;
let rest: Awaited<ReturnType<typeof createRedisRest>>;
beforeAll(async () => {
  redis = await startPrivateRedis();
  rest = await createRedisRest({ redis: redis.url });
});
afterAll(async () => {
  await rest?.close();
  await redis?.stop();
});

test("on the simulated clock an answer is there after a trip, and not before", async () => {
  const clock = simulatedTrips(1000, 20);
  const client = clock.far({ evalsha: async () => "said", eval: async () => "said", del: async () => 1 });
  let answered = 0;
  const first = client.evalsha("", [], []).then(() => (answered = clock.now()));
  await clock.advance(1019);
  expect(answered).toBe(0);
  await clock.advance(1500);
  await first;
  expect(answered).toBe(1020);
  expect(clock.trips()).toBe(1);
});

test("what goes beyond burst + rate × span is found in any span", () => {
  const at = (...times: number[]) => times.map((time) => 1_900_000_000_000 + time);
  expect(mostOver(at(0, 0, 500, 1000), 2, 1 / 500)).toBeLessThanOrEqual(0);
  expect(mostOver(at(0, 0, 0, 9000), 2, 1 / 500)).toBe(1);
  expect(mostOver(at(0, 9000, 9000, 9250), 2, 1 / 500)).toBeCloseTo(0.5);
});

const servers = () => ({ url: rest.url, token: rest.token, redisUrl: redis.url });
const bucket = { limit: 6000, burst: 200, maxMs: 1000 };

test("isolates that hold leases when a surge comes admit no more than the bound", async () => {
  const surge = await crowd(servers(), bucket, { isolates: 2, calm: 0.8, demand: 20, leases: true, seconds: 8 });
  expect(surge.trips / surge.calls).toBeLessThan(0.5);
  expect(surge.over).toBe(0);
});

test("a crowd over the limit makes fewer trips with leases", async () => {
  const of = { isolates: 8, demand: 4, seconds: 6 };
  const own = await crowd(servers(), bucket, { ...of, leases: true });
  const plain = await crowd(servers(), bucket, { ...of, leases: false });
  expect(own.calls).toBe(plain.calls);
  expect(own.trips / own.admitted).toBeLessThan(0.6 * (plain.trips / plain.admitted));
  expect([own.over, plain.over]).toEqual([0, 0]);
  expect(own.admitted).toBeGreaterThan(100 + 0.9 * 600);
});

test("cold keys cost with leases what they cost without", async () => {
  const rows = await cold({ redisUrl: redis.url }, QUICK, () => {});
  for (const { algorithm } of rows) {
    const [plain, own] = rows.filter((row) => row.algorithm === algorithm);
    expect(own?.leases, algorithm).toBe(true);
    expect([own?.billedCommands, own?.bytesPerKey]).toEqual([plain?.billedCommands, plain?.bytesPerKey]);
    expect(own?.bytesSent).toBeCloseTo(plain?.bytesSent ?? 0, 0);
  }
});

test("a paced load makes all its calls, and counts the requests that were sent", async () => {
  const ask = async () => (await fetch(rest.url, { headers: { authorization: "Bearer wrong" } })).status === 401;
  const asks = [ask, async () => true];
  const make = () => asks.shift() as () => Promise<boolean>;
  const load = { quota: { limit: 1, windowMs: 1 }, key: "k", isolates: 2, perSecond: 100, seconds: 0.4 };
  const { first, later } = await pace(make, load);
  expect([first.calls + later.calls, first.trips + later.trips]).toEqual([40, 20]);
  expect(first.admitted + later.admitted).toBe(40);
});
