import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis as RestClient } from "@upstash/redis";
import { Redis } from "ioredis";
import { generate } from "selfsigned";
import { createLimiter, fixedWindow, redisStore, slidingLog, slidingWindow, tokenBucket } from "sluice";
import { afterEach, describe, expect, test } from "vitest";
import { ensureRedisProgram } from "../../../src/server/redis/install-redis.ts";
import { type PrivateRedis, startPrivateRedis } from "../../../src/server/redis/private-redis.ts";
import { createRedisRest, type RedisRest, type RedisRestOptions } from "../../../src/server/rest/server.ts";
import { freePort } from "../../support/free-port.ts";
import { ask } from "./ask.ts";

const PASSWORD = "shared by all";
const ENCODED = encodeURIComponent(PASSWORD);

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function startServer(config: string[], port?: number): Promise<PrivateRedis> {
  const server = await startPrivateRedis({ config, ...(port !== undefined && { port }) });
  closers.push(server.stop);
  return server;
}

async function startRest(options: RedisRestOptions): Promise<RedisRest> {
  const rest = await createRedisRest(options);
  closers.push(rest.close);
  return rest;
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "sluice-backend-"));
  closers.push(() => rm(folder, { recursive: true }));
  return folder;
}

/** A server whose start nobody waits for. */
async function startProgram(folder: string, config: string[], ...options: string[]): Promise<void> {
  const program = await ensureRedisProgram();
  const file = join(folder, "redis.conf");
  await writeFile(file, config.join("\n"));
  const env = { ...process.env, ...program.env };
  const child = spawn(program.path, [file, ...options], { argv0: "redis-server", env, stdio: "ignore" });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  closers.push(() => {
    child.kill("SIGKILL");
    return ended;
  });
}

const run = async (rest: RedisRest, ...command: unknown[]) => (await ask(rest, "/", { json: command })).body;
const client = ({ url, token }: RedisRest) => new RestClient({ url, token, retry: false, enableAutoPipelining: false });

describe("TLS", () => {
  async function startTls() {
    const folder = await temporaryFolder();
    const names = [{ type: 7 as const, ip: "127.0.0.1" }];
    const pems = await generate([{ name: "commonName", value: "127.0.0.1" }], {
      extensions: [{ name: "subjectAltName", altNames: names }],
    });
    await writeFile(join(folder, "cert.pem"), pems.cert);
    await writeFile(join(folder, "key.pem"), pems.private, { mode: 0o600 });
    const tlsPort = await freePort();
    const [cert, key] = [`tls-cert-file ${folder}/cert.pem`, `tls-key-file ${folder}/key.pem`];
    await startServer([`tls-port ${tlsPort}`, cert, key, "tls-auth-clients no", "user ann on >se:cret@ ~ann:* +@all"]);
    return { url: `rediss://ann:se%3Acret%40@127.0.0.1:${tlsPort}/2`, ca: pems.cert };
  }

  test("with a private CA, as an ACL user, in another database", async () => {
    const { url, ca } = await startTls();
    const rest = await startRest({ redis: url, tls: { ca } });
    expect(await run(rest, "SET", "ann:x", "1")).toEqual({ result: "OK" });
    expect((await run(rest, "SET", "bob:x", "1")).error).toMatch(/^NOPERM /);
    expect((await run(rest, "CLIENT", "INFO")).error).toMatch(/not available/);
    expect((await run(rest, "INFO", "keyspace")).result).toMatch(/db2:keys=1/);
  });

  test("an unknown certificate is refused in one line", async () => {
    const { url } = await startTls();
    await expect(createRedisRest({ redis: url })).rejects.toThrow(
      /^can't use Redis at rediss:\/\/\*\*\*@.*certificate/,
    );
  });
});

describe("a cluster of three masters", () => {
  async function startCluster() {
    const nodes = await Promise.all(
      [0, 1, 2].map(async () => {
        const more = ["cluster-enabled yes", `cluster-port ${await freePort()}`, `requirepass "${PASSWORD}"`];
        return startServer(more);
      }),
    );
    const links = nodes.map(({ port }) => new Redis(port, "127.0.0.1", { password: PASSWORD }));
    const [first] = links as [Redis, Redis, Redis];
    for (const [i, link] of links.entries()) {
      await link.cluster("SET-CONFIG-EPOCH", i + 1);
      await link.call("CLUSTER", "ADDSLOTSRANGE", i * 5461, i === 2 ? 16383 : (i + 1) * 5461 - 1);
      const bus = ((await link.config("GET", "cluster-port")) as string[])[1] as string;
      await first.call("CLUSTER", "MEET", "127.0.0.1", nodes[i]?.port as number, bus);
    }
    for (const link of links) {
      await expect.poll(() => link.cluster("INFO")).toMatch(/cluster_state:ok.*cluster_known_nodes:3/s);
    }
    closers.push(async () => {
      for (const link of links) link.disconnect();
    });
    const hosts = nodes.map(({ port }) => `127.0.0.1:${port}`).join(",");
    return { nodes, links, url: `redis+cluster://:${ENCODED}@${hosts}` };
  }

  test("Sluice's scripts run there, one slot per identifier, over every node", async () => {
    const { links, url } = await startCluster();
    const rest = await startRest({ redis: url });
    const many = [
      [tokenBucket({ limit: 3, window: "1 h" })],
      [slidingWindow({ limit: 3, window: "1 h" })],
      [fixedWindow({ limit: 3, window: "1 d" })],
      [slidingLog({ limit: 3, window: "1 h" })],
      [tokenBucket({ name: "a", limit: 3, window: "1 h" }), slidingWindow({ name: "b", limit: 5, window: "1 d" })],
    ];
    for (const [i, policies] of many.entries()) {
      const limiter = createLimiter({ store: redisStore(client(rest)), policies, name: `p${i}`, snapshots: false });
      for (let key = 0; key < 12; key += 1) {
        const decisions = [];
        for (let n = 0; n < 4; n += 1) decisions.push(await limiter.consume(`key-${key}`));
        expect(decisions.map(({ allowed, source }) => [allowed, source])).toEqual([
          [true, "store"],
          [true, "store"],
          [true, "store"],
          [false, "store"],
        ]);
        await limiter.reset(`key-${key}`);
        expect((await limiter.consume(`key-${key}`)).allowed).toBe(true);
      }
    }
    for (const link of links) expect(await link.dbsize()).toBeGreaterThan(0);
  });

  test("transactions, scripts and flushes reach the nodes that they concern; other slots are refused", async () => {
    const { links, url } = await startCluster();
    const rest = await startRest({ redis: url });
    const sameSlot = [
      ["SET", "{a}1", 1],
      ["INCR", "{a}1"],
      ["GET", "{a}1"],
    ];
    expect((await ask(rest, "/multi-exec", { json: sameSlot })).body).toEqual([
      { result: "OK" },
      { result: 2 },
      { result: "2" },
    ]);
    const twoSlots = await ask(rest, "/multi-exec", {
      json: [
        ["SET", "a", 1],
        ["SET", "b", 1],
        ["SET", "c", 1],
      ],
    });
    expect([twoSlots.status, twoSlots.body.error]).toEqual([400, expect.stringMatching(/^EXECABORT .*MOVED/)]);
    expect((await run(rest, "MGET", "a", "b")).error).toMatch(/^CROSSSLOT /);
    const { result: sha } = await run(rest, "SCRIPT", "LOAD", "return KEYS[1]");
    for (const key of ["a", "b", "c", "d", "e", "f"]) {
      expect(await run(rest, "EVALSHA", sha, 1, key)).toEqual({ result: key });
      await run(rest, "SET", key, 1);
    }
    const pipeline = ["a", "b", "c"].map((key) => ["GET", key]);
    expect((await ask(rest, "/pipeline", { json: pipeline })).body).toEqual(pipeline.map(() => ({ result: "1" })));
    expect(await run(rest, "DBSIZE")).toEqual({ result: 7 });
    expect(await run(rest, "FLUSHALL")).toEqual({ result: "OK" });
    for (const link of links) expect(await link.dbsize()).toBe(0);
  });
});

describe("a sentinel", () => {
  test("names the master, and the next one when that dies", async () => {
    const auth = [`requirepass "${PASSWORD}"`, `masterauth "${PASSWORD}"`, "repl-diskless-sync-delay 0"];
    const master = await startServer(auth);
    const replica = await startServer([...auth, `replicaof 127.0.0.1 ${master.port}`]);
    const link = new Redis(replica.port, "127.0.0.1", { password: PASSWORD });
    closers.push(async () => link.disconnect());
    await expect.poll(() => link.info("replication")).toContain("master_link_status:up");
    const sentinelPort = await startSentinel(master.port);

    const rest = await startRest({ redis: `redis+sentinel://:${ENCODED}@127.0.0.1:${sentinelPort}/mymaster` });
    expect(await run(rest, "SET", "kept", "yes")).toEqual({ result: "OK" });
    await expect.poll(() => link.get("kept")).toBe("yes");
    const sentinel = new Redis(sentinelPort, "127.0.0.1");
    closers.push(async () => sentinel.disconnect());
    await expect.poll(() => sentinel.call("SENTINEL", "REPLICAS", "mymaster")).toHaveLength(1);

    await master.kill();
    expect((await ask(rest, "/", { json: ["SET", "lost", "x"] })).status).toBe(503);
    // Not before: a machine that is busy keeps the master from answering in so short a time, too.
    await sentinel.call("SENTINEL", "SET", "mymaster", "down-after-milliseconds", "300");
    await expect.poll(() => run(rest, "SET", "again", "yes")).toEqual({ result: "OK" });
    expect(await run(rest, "GET", "kept")).toEqual({ result: "yes" });
  });

  async function startSentinel(masterPort: number): Promise<number> {
    const port = await freePort();
    const lines = [
      "bind 127.0.0.1",
      `port ${port}`,
      `sentinel monitor mymaster 127.0.0.1 ${masterPort} 1`,
      `sentinel auth-pass mymaster "${PASSWORD}"`,
      "sentinel down-after-milliseconds mymaster 60000",
      "sentinel failover-timeout mymaster 3000",
    ];
    await startProgram(await temporaryFolder(), lines, "--sentinel");
    const probe = new Redis(port, "127.0.0.1");
    probe.on("error", () => {});
    await expect.poll(() => probe.ping()).toBe("PONG");
    probe.disconnect();
    return port;
  }
});

test("a Redis that still loads its data is none yet", async () => {
  const folder = await temporaryFolder();
  const first = await startServer([`dir "${folder}"`, "rdbcompression no"]);
  const link = new Redis(first.url);
  // It looks at its connections once in some megabytes while it loads: ten seconds in all, of which this test needs two.
  for (let i = 0; i < 10; i += 1) await link.setrange(`key-${i}`, 5_000_000, "x");
  await link.save();
  link.disconnect();
  await first.stop();
  const port = await freePort();
  await startProgram(folder, [`port ${port}`, `dir "${folder}"`, "key-load-delay 1000000"]);
  const probe = new Redis(port, "127.0.0.1", { enableReadyCheck: false });
  probe.on("error", () => {});
  closers.push(async () => probe.disconnect());
  await expect.poll(() => probe.get("key-0").catch((error: Error) => error.message)).toMatch(/^LOADING/);
  await expect(createRedisRest({ redis: `redis://127.0.0.1:${port}` })).rejects.toThrow(/LOADING/);
});

describe("URLs", () => {
  test.each(["http://x", "redis://", "redis+sentinel://127.0.0.1:1", "redis://127.0.0.1:1/x", "redis+other://x:1"])(
    "%s is refused in words that help",
    async (redis) => {
      await expect(createRedisRest({ redis })).rejects.toThrow(/redis:\/\/|master|database/);
    },
  );
});
