import { Cluster, Redis } from "ioredis";
import { createClient, createClientPool, createCluster, createSentinel } from "redis";
import { createLimiter, fixedWindow, type RedisClient, redisStore, type Store } from "sluice";
import { ioredisClient, ioredisOptions } from "sluice/ioredis";
import { type NodeRedisConnection, nodeRedisClient } from "sluice/node-redis";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { startPrivateRedis } from "../../src/server/redis/private-redis.ts";
import { uniqueName } from "../support/redis.ts";
import { startTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";

interface Connection {
  readonly client: RedisClient;
  close(): unknown;
}

const viaIoredis = (redis: Redis): Connection => ({ client: ioredisClient(redis), close: () => redis.disconnect() });

const viaNodeRedis = (redis: NodeRedisConnection & { destroy(): void }): Connection => ({
  client: nodeRedisClient(redis),
  close: () => redis.isOpen && redis.destroy(),
});

/** The real clients, as one may make them. */
const CLIENTS: Record<string, (url: string) => Connection> = {
  "ioredis, lazy": (url) => viaIoredis(new Redis(url, { ...ioredisOptions, lazyConnect: true })),
  "ioredis, connecting by itself": (url) => viaIoredis(new Redis(url, ioredisOptions)),
  "ioredis, with pipelines of its own": (url) =>
    viaIoredis(new Redis(url, { ...ioredisOptions, enableAutoPipelining: true })),
  "ioredis, beside the application's own connection": (url) =>
    viaIoredis(new Redis(url, { lazyConnect: true }).duplicate(ioredisOptions)),
  "node-redis": (url) => viaNodeRedis(createClient({ url })),
  "node-redis without its queue": (url) => viaNodeRedis(createClient({ url, disableOfflineQueue: true })),
  "node-redis in RESP3": (url) => viaNodeRedis(createClient({ url, RESP: 3 })),
};

const LIMIT = 1000;
const policies = [fixedWindow({ limit: LIMIT, window: "1 d" })];

// A server of its own: it is killed, and its data with it.
const server = await startPrivateRedis();
let proxy: TcpProxy;
const open: Connection[] = [];
beforeEach(async () => {
  proxy = await startTcpProxy(server.port);
});
afterEach(async () => {
  for (const { close } of open.splice(0)) await close();
  await proxy.close();
});
afterAll(() => server.stop());

/** The server's URL, by way of the proxy. */
const proxied = () => server.url.replace(`:${server.port}`, `:${proxy.port}`);

/** A limiter with nothing between it and its store; a long deadline, so that what fails earlier has another reason. */
const limiterOn = (store: Store, name: string, timeoutMs = 30_000) =>
  createLimiter({ name, policies, store, timeoutMs, breaker: false, snapshots: false });

describe.each(Object.entries(CLIENTS))("%s", (title, make) => {
  function connected(url = proxied()): Store {
    const connection = make(url);
    open.push(connection);
    return redisStore(connection.client);
  }

  /** What Redis counted, asked past the proxy. */
  async function taken(name: string): Promise<number> {
    const decision = await limiterOn(connected(server.url), name).peek("k");
    return decision.source === "store" ? LIMIT - decision.remaining : Number.NaN;
  }

  test("the first checks are answered, over one connection that the limiter does not make by being made", async () => {
    const name = uniqueName();
    const limiter = limiterOn(connected(), name);
    if (!/by itself|pipelines/.test(title)) expect(proxy.connections).toBe(0);
    const decisions = await Promise.all(Array.from({ length: 50 }, () => limiter.consume("k")));
    expect(new Set(decisions.map(({ source }) => source))).toEqual(new Set(["store"]));
    expect(await taken(name)).toBe(50);
    await limiter.reset("k");
    expect(await taken(name)).toBe(0);
    expect(proxy.connections).toBe(1);
  });

  test("a connection cut between the command and its reply: taken once, told at once, asked again by nobody", async () => {
    const name = uniqueName();
    const limiter = limiterOn(connected(), name);
    await limiter.consume("warm");
    proxy.cutNextReply();
    const decision = await limiter.consume("k");
    expect(decision).toMatchObject({ source: "fallback", error: { kind: "network" } });
    // It connects by itself again, and then everything that it would send again has been sent.
    await expect.poll(() => limiter.peek("warm")).toMatchObject({ source: "store" });
    expect(await taken(name)).toBe(1);
  });

  test("what comes while it connects again after a cut waits for that", async () => {
    const name = uniqueName();
    const limiter = limiterOn(connected(), name);
    await limiter.consume("warm");
    proxy.cutNextReply();
    await limiter.consume("cut");
    const decisions = await Promise.all(Array.from({ length: 50 }, () => limiter.consume("k")));
    expect(new Set(decisions.map(({ source }) => source))).toEqual(new Set(["store"]));
    expect(await taken(name)).toBe(50);
  });

  test("an outage of the network: what was answered by failure mode meanwhile is not taken afterwards", async () => {
    const name = uniqueName();
    const limiter = limiterOn(connected(), name, 300);
    await limiter.consume("k");
    proxy.state = "down";
    const decisions = await Promise.all(Array.from({ length: 50 }, () => limiter.consume("k")));
    for (const decision of decisions) expect(decision).toMatchObject({ source: "fallback", allowed: true });
    proxy.state = "up";
    await expect.poll(() => limiter.peek("k")).toMatchObject({ source: "store" });
    expect(await taken(name)).toBe(1);
    await limiter.consume("k");
    expect(await taken(name)).toBe(2);
  });

  test("what was given up on while it connected again is not sent later", async () => {
    const name = uniqueName();
    const store = connected();
    const limiter = limiterOn(store, name, 50);
    await limiterOn(store, name).consume("k");
    proxy.state = "held";
    const gone = new AbortController();
    const leaver = expect(limiter.consume("k", { signal: gone.signal })).rejects.toThrow("left");
    const checks = Promise.all(Array.from({ length: 50 }, () => limiter.consume("k")));
    gone.abort(new Error("left"));
    await leaver;
    for (const decision of await checks) expect(decision.source).toBe("fallback");
    proxy.state = "up";
    await expect.poll(() => limiter.peek("k")).toMatchObject({ source: "store" });
    expect(await taken(name)).toBe(1);
  });

  test("Redis is killed and starts again: so do the checks", async () => {
    const name = uniqueName();
    const limiter = limiterOn(connected(), name, 300);
    await limiter.consume("k");
    await server.kill();
    try {
      const decisions = await Promise.all(Array.from({ length: 50 }, () => limiter.consume("k")));
      for (const decision of decisions) expect(decision).toMatchObject({ source: "fallback", allowed: true });
    } finally {
      await server.restart();
    }
    await expect.poll(() => limiter.peek("k")).toMatchObject({ source: "store" });
    // Its data were lost with it.
    expect(await taken(name)).toBe(0);
    await limiter.consume("k");
    expect(await taken(name)).toBe(1);
  });

  test("a port that nobody listens on is out of reach at once, and no error goes astray", async () => {
    const nobody = await startTcpProxy(server.port);
    await nobody.close();
    const limiter = limiterOn(connected(`redis://127.0.0.1:${nobody.port}`), uniqueName());
    expect(await limiter.consume("k")).toMatchObject({ source: "fallback", error: { kind: "network" } });
  });

  test("a wrong password is an auth error", async () => {
    const limiter = limiterOn(connected(`redis://default:wrong@127.0.0.1:${server.port}`), uniqueName());
    expect(await limiter.consume("k")).toMatchObject({ source: "fallback", error: { kind: "auth" } });
  });

  test("once it is closed it stays so, and a check hears of it at once", async () => {
    const connection = make(proxied());
    const limiter = limiterOn(redisStore(connection.client), uniqueName());
    await limiter.consume("k");
    await connection.close();
    await expect.poll(() => limiter.consume("k")).toMatchObject({ source: "fallback", error: { kind: "network" } });
    expect(proxy.connections).toBe(1);
  });
});

describe("what would not hold is refused, by its name", () => {
  const ioredis = (options: object) => ioredisClient(new Redis({ ...ioredisOptions, ...options, lazyConnect: true }));

  test.each([
    [{ enableOfflineQueue: true }, "redis.options.enableOfflineQueue must be false, not true"],
    [{ autoResendUnfulfilledCommands: true }, "redis.options.autoResendUnfulfilledCommands must be false, not true"],
    [{ maxRetriesPerRequest: null }, "redis.options.maxRetriesPerRequest must be 0, not null"],
    [{ maxRetriesPerRequest: 20 }, "redis.options.maxRetriesPerRequest must be 0, not 20"],
  ])("options of ioredis: %o", (options, message) => {
    expect(() => ioredis(options)).toThrow(new TypeError(message));
    expect(() => ioredis({})).not.toThrow();
  });

  test("other clients", () => {
    const cluster = new Cluster([{ host: "127.0.0.1", port: 1 }], { lazyConnect: true });
    expect(() => ioredisClient(cluster)).toThrow("redis must be a Redis of ioredis (no Cluster");
    const rootNodes = [{ host: "127.0.0.1", port: 1 }];
    const message = "redis must be a client of createClient from the package redis, version 5 or newer";
    // @ts-expect-error a pool is never ready
    expect(() => nodeRedisClient(createClientPool())).toThrow(message);
    // @ts-expect-error a cluster sends to keys
    expect(() => nodeRedisClient(createCluster({ rootNodes: [] }))).toThrow(message);
    // @ts-expect-error a sentinel sends to roles
    expect(() => nodeRedisClient(createSentinel({ name: "x", sentinelRootNodes: rootNodes }))).toThrow(message);
    for (const nothing of [undefined, null, {}, "redis://127.0.0.1"]) {
      expect(() => ioredisClient(nothing as never)).toThrow("redis must be a Redis of ioredis");
      expect(() => nodeRedisClient(nothing as never)).toThrow(message);
    }
  });
});

test("many limiters may share a connection without a warning of too many listeners", async () => {
  const warnings: Error[] = [];
  const listen = (warning: Error) => warnings.push(warning);
  process.on("warning", listen);
  const redis = createClient({ url: server.url });
  open.push({ client: nodeRedisClient(redis), close: () => redis.destroy() });
  const limiters = Array.from({ length: 20 }, () => limiterOn(redisStore(nodeRedisClient(redis)), uniqueName()));
  for (const limiter of limiters) expect(await limiter.consume("k")).toMatchObject({ source: "store" });
  process.off("warning", listen);
  expect(warnings).toEqual([]);
});
