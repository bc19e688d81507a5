import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis as UpstashRedis } from "@upstash/redis";
import freePort from "get-port";
import { Redis } from "ioredis";
import { startPrivateRedis } from "../src/server/redis/private-redis.ts";
import { bundleForNode } from "./lib/bundle.ts";
import { median } from "./lib/statistics.ts";
import { load, type Measured, medianOf, type Target } from "./lib/wrk.ts";

// `npm run bench:rest`: redis-rest beside webdis (a C server with a similar purpose) on one Redis, by turns, under the
// same load: PING, GET and EVALSHA over 64 keep-alive connections, some nine minutes in all. First each connection sends its
// next request as soon as it has an answer: how much can each server do? How long an answer takes follows from that then, so
// it is measured at equal rates, too. webdis and the load's wrk are Debian packages: `apt-get install webdis wrk`. webdis is
// started here, with as many threads as Debian configures.
// The floor is node:http with the same answer and no Redis behind it: no server on Node can be faster, or calmer.

const CONNECTIONS = 64;
const SECONDS = 3;
const ROUNDS = 5;
/** Requests per second at which all three are asked alike: well below what any of them can, and closer to it. */
const RATES = [10_000, 20_000];
/** At an equal rate: by how much of it one may be off before its figures say nothing. */
const MOST_OFF = 0.02;
const NAMES = ["redis-rest", "webdis", "floor"] as const;
type Name = (typeof NAMES)[number];
const SCRIPT = "local n = redis.call('GET', KEYS[1]) return {tonumber(ARGV[1]), n}";

const folder = await mkdtemp(join(tmpdir(), "sluice-bench-"));
const children: ChildProcess[] = [];
const redis = await startPrivateRedis({ install: true, say: console.error });
try {
  await bench();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
} finally {
  for (const child of children) child.kill("SIGTERM");
  await redis.stop();
  await rm(folder, { recursive: true });
}

async function bench(): Promise<void> {
  const direct = new Redis(redis.url);
  const sha = (await direct.script("LOAD", SCRIPT)) as string;
  await direct.set("k", "hello");
  direct.disconnect();
  const rest = await startRest();
  const webdis = await startWebdis();
  const floor = await startFloor();
  const cases: Record<string, { readonly ours: string[]; readonly theirs: string }> = {
    PING: { ours: ["PING"], theirs: "PING" },
    GET: { ours: ["GET", "k"], theirs: "GET/k" },
    EVALSHA: { ours: ["EVALSHA", sha, "1", "k", "1"], theirs: `EVALSHA/${sha}/1/k/1` },
  };
  console.log(`${CONNECTIONS} keep-alive connections, medians of ${ROUNDS} rounds of ${SECONDS} s by turns`);
  for (const [name, { ours, theirs }] of Object.entries(cases)) {
    const targets = {
      "redis-rest": { url: `${rest.url}/`, headers: rest.headers, body: JSON.stringify(ours) },
      webdis: { url: webdis, headers: {}, body: theirs },
      floor: { url: floor, headers: rest.headers, body: JSON.stringify(ours) },
    };
    await compare(name, targets);
    for (const perSecond of RATES) await compare(name, targets, perSecond);
  }

  const one = { url: `${rest.url}/`, headers: rest.headers, body: JSON.stringify(["INCR", "n"]) };
  const hundred = {
    url: `${rest.url}/pipeline`,
    headers: rest.headers,
    body: JSON.stringify(Array.from({ length: 100 }, () => ["INCR", "n"])),
  };
  const alone = { connections: 1, seconds: 1, folder };
  const turns = { one: [] as Measured[], hundred: [] as Measured[] };
  for (let round = 0; round <= ROUNDS; round += 1) {
    const [single, pipeline] = [await load(one, alone), await load(hundred, alone)];
    if (round === 0) continue;
    turns.one.push(single);
    turns.hundred.push(pipeline);
  }
  const [single, pipeline] = [medianOf(turns.one), medianOf(turns.hundred)];
  const client = await throughClient(rest);
  console.log(
    `INCR, one request after the other, medians of ${ROUNDS} rounds of 1 s by turns, and of 500 calls of @upstash/redis`,
  );
  console.table({
    "one command": { ...single, clientP50Ms: client.oneMs },
    "pipeline of 100": { ...pipeline, clientP50Ms: client.hundredMs },
  });
  const [bare, seen] = [pipeline.p50Ms / single.p50Ms, client.hundredMs / client.oneMs];
  console.log(
    `a pipeline of 100: ${bare.toFixed(2)} x one command to wrk, ${seen.toFixed(2)} x to the client (at most 3 is due)`,
  );
}

/** Loads all by turns, as fast as each can or at one rate, and prints the medians, and how they relate. */
async function compare(name: string, targets: Record<Name, Target>, rate?: number): Promise<void> {
  const rounds: Record<Name, Measured[]> = { "redis-rest": [], webdis: [], floor: [] };
  const pace = rate === undefined ? {} : { perSecond: rate };
  // The first round warms up and does not count.
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const target of NAMES) {
      const measured = await load(targets[target], { connections: CONNECTIONS, seconds: SECONDS, folder, ...pace });
      if (round > 0) rounds[target].push(measured);
    }
  }
  const [ours, theirs, floor] = NAMES.map((each) => medianOf(rounds[each])) as [Measured, Measured, Measured];
  const title = rate === undefined ? name : `${name} at ${rate}/s`;
  console.table({ [`${title} redis-rest`]: ours, [`${title} webdis`]: theirs, [`${title} node:http alone`]: floor });
  const times = (of: Measured, key: keyof Measured) => `${(of[key] / theirs[key]).toFixed(2)} x`;
  if (rate === undefined) {
    console.log(
      `${title}: ${times(ours, "perSecond")} webdis's requests/s (at least 0.55 is due); node:http alone: ${times(floor, "perSecond")}`,
    );
    return;
  }
  const isOff = (each: Measured) => Math.abs(each.perSecond / rate - 1) > MOST_OFF;
  const rates = [ours, theirs, floor].some(isOff) ? "the rate was NOT kept, so this says nothing: " : "";
  console.log(
    `${title}: ${rates}${times(ours, "p99Ms")} webdis's p99 (at most 1 is due); node:http alone: ${times(floor, "p99Ms")}`,
  );
}

/** What the official client sees, its own work included. */
async function throughClient({ url, token }: { url: string; token: string }) {
  const upstash = new UpstashRedis({ url, token, retry: false, enableAutoPipelining: false, enableTelemetry: false });
  const times = { one: [] as number[], hundred: [] as number[] };
  for (let i = 0; i < 700; i += 1) {
    const startMs = performance.now();
    await upstash.incr("n");
    const betweenMs = performance.now();
    const pipeline = upstash.pipeline();
    for (let n = 0; n < 100; n += 1) pipeline.incr("n");
    await pipeline.exec();
    if (i < 200) continue;
    times.one.push(betweenMs - startMs);
    times.hundred.push(performance.now() - betweenMs);
  }
  return { oneMs: Number(median(times.one).toFixed(3)), hundredMs: Number(median(times.hundred).toFixed(3)) };
}

async function startRest(): Promise<{ url: string; token: string; headers: Record<string, string> }> {
  const program = await bundleForNode("src/server/cli/sluice.ts");
  const args = [program, "redis-rest", "--port", "0", "--redis", redis.url];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  const [lines] = (await once(child.stdout, "data")) as [Buffer];
  const [url, token] = String(lines)
    .trim()
    .split("\n")
    .map((line) => line.slice(line.indexOf("=") + 1));
  const headers = {
    Authorization: `Bearer ${token}`,
    "Content-Type": "application/json",
    "Upstash-Encoding": "base64",
    "Upstash-Sync-Token": "",
  };
  return { url: url as string, token: token as string, headers };
}

async function startFloor(): Promise<string> {
  const program = await bundleForNode("bench/lib/http-process.ts");
  const child = spawn(process.execPath, [program], { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  const [url] = (await once(child.stdout, "data")) as [Buffer];
  return `${String(url).trim()}/`;
}

async function startWebdis(): Promise<string> {
  const port = await freePort();
  const { hostname, port: redisPort, password } = new URL(redis.url);
  const file = join(folder, "webdis.json");
  await writeFile(
    file,
    JSON.stringify({
      redis_host: hostname,
      redis_port: Number(redisPort),
      redis_auth: password,
      http_host: "127.0.0.1",
      http_port: port,
      // What Debian's own configuration has.
      threads: 2,
      daemonize: false,
      database: 0,
      acl: [{ disabled: [] }],
      verbosity: 1,
      logfile: join(folder, "webdis.log"),
    }),
  );
  const child = spawn("webdis", [file], { stdio: "ignore" });
  children.push(child);
  child.on("error", () => {});
  const url = `http://127.0.0.1:${port}/`;
  for (let attempt = 0; attempt < 50; attempt += 1) {
    if (child.pid === undefined) break;
    const answer = await fetch(`${url}PING`).catch(() => undefined);
    if (answer?.ok) return url;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("webdis does not start: apt-get install webdis");
}
