import { Cluster, type ClusterNode } from "ioredis";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { fixedWindow, tokenBucket } from "../../src/algorithm/policy.ts";
import { allOf } from "../../src/limiter/all-of.ts";
import { createLimiter } from "../../src/limiter/limiter.ts";
import { type PrivateRedis, startPrivateRedis } from "../../src/server/redis/private-redis.ts";
import { redisStore } from "../../src/store/redis.ts";
import type { RedisClient } from "../../src/store/redis-client.ts";
import { clockAt } from "../support/clock.ts";
import { freePort } from "../support/free-port.ts";
import { connect } from "../support/redis.ts";

const SLOTS = 16_384;
const MASTERS = 3;
const servers: PrivateRedis[] = [];
let cluster: Cluster;

beforeAll(async () => {
  const busPorts: number[] = [];
  for (let i = 0; i < MASTERS; i += 1) {
    const busPort = await freePort();
    busPorts.push(busPort);
    servers.push(await startPrivateRedis({ config: ["cluster-enabled yes", `cluster-port ${busPort}`] }));
  }
  const nodes = await Promise.all(servers.map(({ url }) => connect(url)));
  // A cluster's client knows one password for all nodes.
  const { password } = new URL(servers[0]?.url ?? "");
  for (const node of nodes) await node.config("SET", "requirepass", password);
  for (const [i, node] of nodes.entries()) {
    const [from, to] = [i, i + 1].map((n) => Math.floor((n * SLOTS) / MASTERS)) as [number, number];
    await node.cluster("ADDSLOTSRANGE", from, to - 1);
    await node.cluster("SET-CONFIG-EPOCH", i + 1);
    await nodes[0]?.call("CLUSTER", "MEET", "127.0.0.1", `${servers[i]?.port}`, `${busPorts[i]}`);
  }
  const states = () => Promise.all(nodes.map((node) => node.cluster("INFO")));
  const isWhole = async () => (await states()).every((info) => `${info}`.includes("cluster_state:ok"));
  await vi.waitUntil(isWhole, { timeout: 30_000, interval: 50 });
  for (const node of nodes) node.disconnect();
  const addresses = servers.map(({ url }): ClusterNode => {
    const { hostname, port } = new URL(url);
    return { host: hostname, port: Number(port) };
  });
  cluster = new Cluster(addresses, { redisOptions: { password } });
});
afterAll(async () => {
  cluster?.disconnect();
  for (const server of servers) await server.stop();
});

/** The cluster as the store wants its client. */
const clientOf = (cluster: Cluster): RedisClient => ({
  evalsha: (sha1, keys, args) => cluster.evalsha(sha1, keys.length, ...keys, ...args),
  eval: (script, keys, args) => cluster.eval(script, keys.length, ...keys, ...args),
  del: (key) => cluster.del(key),
});

describe("Redis Cluster of three masters", () => {
  function rig() {
    const clock = clockAt();
    const store = redisStore(clientOf(cluster));
    const options = { store, now: clock.now, timeoutMs: 30_000, snapshots: false, failureMode: "closed" } as const;
    const org = createLimiter({ ...options, name: "org", policies: [fixedWindow({ limit: 5, window: "1 h" })] });
    const user = createLimiter({ ...options, name: "user", policies: [tokenBucket({ limit: 3, window: "1 h" })] });
    return { org, user, all: allOf({ org, user }) };
  }

  test("keys that share a hash tag are decided together, on whichever master they are", async () => {
    const { all, org, user } = rig();
    const tags = Array.from({ length: 12 }, (_, i) => `{org-${i}}`);
    for (const tag of tags) {
      // The last is stored by its digest, and keeps its tag.
      const keys = [`${tag}/ada`, `${tag}/bob`, `${tag}/${"x".repeat(200)}`].map((user) => ({ org: tag, user }));
      const answers = [];
      for (let i = 0; i < 6; i += 1) answers.push(await all.consume(keys[i % 3] as (typeof keys)[number]));
      expect(answers.map(({ allowed, source }) => [allowed, source])).toEqual(
        [true, true, true, true, true, false].map((allowed) => [allowed, "store"]),
      );
      expect(answers[5]).toMatchObject({ level: "org", parts: { user: { allowed: true, remaining: 2 } } });
      expect(await org.peek(tag)).toMatchObject({ remaining: 0 });
      expect(await user.peek(`${tag}/bob`)).toMatchObject({ remaining: 1 });
      await all.reset({ org: tag, user: `${tag}/bob` });
      expect(await user.peek(`${tag}/bob`)).toMatchObject({ remaining: 3 });
    }
    const used = await Promise.all(cluster.nodes("master").map((node) => node.dbsize()));
    expect(used.every((keys) => keys > 0)).toBe(true);
  });

  test("without one the error says what is missing, and nothing is taken", async () => {
    const { all, org, user } = rig();
    const answer = await all.consume({ org: "acme", user: "acme/ada" });
    expect(answer).toMatchObject({ allowed: false, source: "fallback", error: { kind: "reply", code: "CROSSSLOT" } });
    const text =
      'On a Redis Cluster all keys of a call must have one hash tag, as in "{acme}" and "{acme}/ml": CROSSSLOT';
    expect(answer.error?.message).toBe(text);
    // Nor is the store away: that call's keys are wrong, not the next one's.
    for (let i = 0; i < 5; i += 1) expect((await all.consume({ org: "acme", user: "a" })).error).toEqual(answer.error);
    expect(await all.consume({ org: "{acme}", user: "{acme}/ada" })).toMatchObject({ allowed: true, source: "store" });
    expect(await org.peek("acme")).toMatchObject({ remaining: 5 });
    expect(await user.peek("acme/ada")).toMatchObject({ remaining: 3 });
  });
});
