import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { createLimiter, type Policy, type RedisClient, redisStore, type Store } from "sluice";
import { ioredisClient, ioredisOptions } from "sluice/ioredis";
import { nodeRedisClient } from "sluice/node-redis";
import { upstashClient } from "sluice/upstash";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { slidingLog } from "../../src/algorithm/policy.ts";
import { FLAGS } from "../../src/algorithm/scripts.ts";
import { type PrivateRedis, startPrivateRedis } from "../../src/server/redis/private-redis.ts";
import { createRedisRest } from "../../src/server/rest/server.ts";
import { COUNTERS } from "../support/policies.ts";
import { uniqueName } from "../support/redis.ts";
import { type Packed, unpackServer } from "./debian.ts";

/** What Debian has of each: the versions of the last three suites change with time. */
const SERVERS: readonly (Packed & { readonly version: RegExp })[] = [
  { family: "redis", suite: "bullseye", version: /^6\.0\./ },
  { family: "redis", suite: "bookworm", version: /^7\.0\./ },
  { family: "redict", suite: "bookworm-backports", base: "bookworm", version: /^7\.3\./ },
  { family: "valkey", suite: "bookworm-backports", base: "bookworm", version: /^8\.0\./ },
  { family: "redis", suite: "trixie", version: /^8\.0\./ },
  { family: "valkey", suite: "trixie", version: /^8\.1\./ },
  { family: "redis", suite: "sid", version: /^\d+\./ },
  { family: "valkey", suite: "sid", version: /^\d+\./ },
  { family: "redis", suite: "experimental", base: "sid", version: /^\d+\./ },
];

const POLICIES: Record<string, Policy[]> = {
  ...Object.fromEntries(Object.entries(COUNTERS).map(([name, make]) => [name, [make({ limit: 2, window: "1 d" })]])),
  "sliding log": [slidingLog({ limit: 2, window: "1 d" })],
  "policy set": Object.entries(COUNTERS).map(([name, make]) => make({ name, limit: 2, window: "1 d" })),
};

describe.each(SERVERS)("$family of $suite", (packed) => {
  const closers: (() => unknown)[] = [];
  const clients: Record<string, RedisClient> = {};
  let server: PrivateRedis;
  let direct: Redis;

  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), "sluice-server-"));
    closers.push(() => rm(folder, { recursive: true }));
    const unpacked = await unpackServer(packed, folder);
    server = await startFrom(unpacked.folder);
    closers.push(server.stop);
    direct = new Redis(server.url, { ...ioredisOptions, lazyConnect: true });
    closers.push(() => direct.disconnect());
    await direct.connect();
    // Were it another one, all that follows would tell nothing.
    const [, told] = new RegExp(`^${packed.family}_version:(\\S+)`, "m").exec(await direct.info("server")) ?? [];
    expect(told).toBe(unpacked.version);
    expect(told).toMatch(packed.version);
    const nodeRedis = createClient({ url: server.url });
    closers.push(() => nodeRedis.destroy());
    const rest = await createRedisRest({ redis: server.url });
    closers.push(rest.close);
    Object.assign(clients, {
      ioredis: ioredisClient(direct),
      "node-redis": nodeRedisClient(nodeRedis),
      "the REST server": upstashClient(rest),
      "the REST server, in pipelines": upstashClient({ ...rest, pipeline: true }),
    });
  });

  afterAll(async () => {
    for (const close of closers.reverse()) await close();
  });

  /** Starts the `redis-server` in `folder`. */
  function startFrom(folder: string): Promise<PrivateRedis> {
    const { PATH } = process.env;
    vi.stubEnv("PATH", `${folder}${delimiter}${PATH}`);
    return startPrivateRedis().finally(() => vi.unstubAllEnvs());
  }

  test("it refuses the flags line in words that are known", async () => {
    const refusal = direct.eval(`${FLAGS}\nreturn 1`, 0);
    await expect(refusal).rejects.toThrow(
      /^ERR (Unexpected flag in script shebang|Error compiling script .* near '#')/,
    );
  });

  const ways = ["ioredis", "node-redis", "the REST server", "the REST server, in pipelines"];
  const cases = ways.flatMap((way) => Object.keys(POLICIES).map((name) => [way, name] as const));

  test.each(cases)("through %s, %s: 2 of 6 are admitted, also when the scripts are forgotten", async (way, name) => {
    const client = clients[way] as RedisClient;
    for (const clock of ["isolate", "redis"] as const) {
      const store = redisStore(client, { clock });
      await admits(store, name, 2);
      await direct.script("FLUSH");
      await admits(store, name, 2);
    }
  });

  async function admits(store: Store, policies: string, admitted: number): Promise<void> {
    const options = { name: uniqueName(), policies: POLICIES[policies] ?? [], store, timeoutMs: 30_000 };
    const limiter = createLimiter({ ...options, snapshots: false });
    for (const key of ["one by one", "together"]) {
      const calls = Array.from({ length: 6 }, () => () => limiter.consume(key));
      const decisions = [];
      if (key === "together") decisions.push(...(await Promise.all(calls.map((call) => call()))));
      else for (const call of calls) decisions.push(await call());
      expect(decisions.map(({ source }) => source)).toEqual(Array(6).fill("store"));
      expect(decisions.filter(({ allowed }) => allowed)).toHaveLength(admitted);
    }
    await limiter.refund("together", 1);
    expect(await limiter.peek("together")).toMatchObject({ allowed: true, remaining: 1, source: "store" });
    await limiter.reset("together");
    expect(await limiter.peek("together")).toMatchObject({ remaining: 2, source: "store" });
  }
});
