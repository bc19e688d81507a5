import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Redis as UpstashRedis } from "@upstash/redis";
import freePort from "get-port";
import { Redis } from "ioredis";
import { startPrivateRedis } from "../src/server/redis/private-redis.ts";
import { bundleForNode } from "./lib/bundle.ts";

// `npm run bench:rest`: redis-rest beside webdis (a C server with a similar purpose) on one Redis, by turns, under the
// same load: PING, GET and EVALSHA over 64 keep-alive connections, some three minutes in all. webdis and the load's wrk are
// Debian packages: `apt-get install webdis wrk`. webdis is started here, with as many threads as Debian configures.
// The floor is node:http with the same answer and no Redis behind it: no server on Node can be faster, or calmer.

const CONNECTIONS = 64;
const SECONDS = 4;
const ROUNDS = 5;
const SCRIPT = "local n = redis.call('GET', KEYS[1]) return {tonumber(ARGV[1]), n}";

interface Measured {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

interface Target {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

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
  }

  const one = { url: `${rest.url}/`, headers: rest.headers, body: JSON.stringify(["INCR", "n"]) };
  const hundred = {
    url: `${rest.url}/pipeline`,
    headers: rest.headers,
    body: JSON.stringify(Array.from({ length: 100 }, () => ["INCR", "n"])),
  };
  const turns = { one: [] as Measured[], hundred: [] as Measured[] };
  for (let round = 0; round <= ROUNDS; round += 1) {
    const [single, pipeline] = [await load(one, 1, 1), await load(hundred, 1, 1)];
    if (round === 0) continue;
    turns.one.push(single);
    turns.hundred.push(pipeline);
  }
  const [single, pipeline] = [median(turns.one), median(turns.hundred)];
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

/** Loads all by turns and prints the medians, and how they relate. */
async function compare(name: string, targets: Record<"redis-rest" | "webdis" | "floor", Target>): Promise<void> {
  const rounds = { "redis-rest": [] as Measured[], webdis: [] as Measured[], floor: [] as Measured[] };
  // The first round warms up and does not count.
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const target of ["redis-rest", "webdis", "floor"] as const) {
      const measured = await load(targets[target], CONNECTIONS, SECONDS);
      if (round > 0) rounds[target].push(measured);
    }
  }
  const [ours, theirs, floor] = [median(rounds["redis-rest"]), median(rounds.webdis), median(rounds.floor)];
  console.table({ [`${name} redis-rest`]: ours, [`${name} webdis`]: theirs, [`${name} node:http alone`]: floor });
  console.log(
    `${name}: ${(ours.perSecond / theirs.perSecond).toFixed(2)} x webdis's requests/s (at least 0.55 is due), ${(ours.p99Ms / theirs.p99Ms).toFixed(2)} x its p99 (at most 1 is due); node:http alone: ${(floor.perSecond / theirs.perSecond).toFixed(2)} x and ${(floor.p99Ms / theirs.p99Ms).toFixed(2)} x`,
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
  return { oneMs: Number(middle(times.one).toFixed(3)), hundredMs: Number(middle(times.hundred).toFixed(3)) };
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

async function load({ url, headers, body }: Target, connections: number, seconds: number): Promise<Measured> {
  const file = join(folder, "load.lua");
  const lines = Object.entries(headers).map(([name, value]) => `wrk.headers[${quoted(name)}] = ${quoted(value)}`);
  const done =
    "done = function(s, l) io.write(string.format('RESULT %d %d %d %d %d', s.requests, s.duration, l:percentile(50), l:percentile(99), s.errors.status + s.errors.read + s.errors.timeout)) end";
  await writeFile(file, ['wrk.method = "POST"', `wrk.body = ${quoted(body)}`, ...lines, done].join("\n"));
  const args = ["-t1", `-c${connections}`, `-d${seconds}s`, "-s", file, url];
  const { stdout } = await promisify(execFile)("wrk", args).catch(() => {
    throw new Error("wrk does not start: apt-get install wrk");
  });
  const [requests = 0, durationUs = 1, p50Us = 0, p99Us = 0, errors = 0] = (/RESULT (.+)/.exec(stdout)?.[1] ?? "")
    .split(" ")
    .map(Number);
  if (requests === 0 || errors > 0) throw new Error(`${errors} of ${requests} requests to ${url} failed`);
  return { perSecond: Math.round(requests / (durationUs / 1e6)), p50Ms: p50Us / 1000, p99Ms: p99Us / 1000 };
}

function median(all: readonly Measured[]): Measured {
  return {
    perSecond: middle(all.map(({ perSecond }) => perSecond)),
    p50Ms: middle(all.map(({ p50Ms }) => p50Ms)),
    p99Ms: middle(all.map(({ p99Ms }) => p99Ms)),
  };
}

function middle(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** A Lua string: JSON's escapes are Lua's, for what stands here. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
