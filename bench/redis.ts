// What a check costs inside Redis: server time, billed commands and bytes, beside @upstash/ratelimit in the same run.
import { Ratelimit } from "@upstash/ratelimit";
import { Redis } from "ioredis";
import { createLimiter, fixedWindow, type Policy, redisStore, slidingLog, slidingWindow, tokenBucket } from "sluice";
import { startPrivateRedis } from "../src/redis-rest/private-redis.ts";
import { overTcp } from "./redis-adapter.ts";

const ROUNDS = 7;
const CALLS = 2000;
const IN_FLIGHT = 50;
const KEYS = 100;

interface Subject {
  name: string;
  algorithm: string;
  path: "allowed" | "denied";
  check(key: string): Promise<unknown>;
}

interface Measured extends Subject {
  micros: number[];
  commands: number;
  bytes: number;
}

const server = await startPrivateRedis({ say: console.error });
const redis = new Redis(server.url);
try {
  const measured: Measured[] = subjects().map((subject) => ({ ...subject, micros: [], commands: 0, bytes: 0 }));
  for (let round = 0; round < ROUNDS; round += 1) {
    process.stderr.write(`\rround ${round + 1} of ${ROUNDS}`);
    for (const subject of shuffled(measured)) await measure(subject);
  }
  process.stderr.write("\r");
  report(measured);
} finally {
  redis.disconnect();
  await server.stop();
}

function subjects(): Subject[] {
  const tcp = overTcp(redis);
  const window = "1 d";
  const floor = (name: string, script: string): Subject => {
    const sha1 = redis.script("LOAD", script) as Promise<string>;
    return { name, algorithm: "floor", path: "allowed", check: async (key) => redis.evalsha(await sha1, 1, key) };
  };
  const sluice = (algorithm: string, path: Subject["path"], policies: Policy[]): Subject => {
    const limiter = createLimiter({ store: redisStore(tcp), policies, snapshots: false });
    return { name: "sluice", algorithm, path, check: (key) => limiter.consume(key) };
  };
  const peer = (
    algorithm: string,
    path: Subject["path"],
    limiter: ConstructorParameters<typeof Ratelimit>[0]["limiter"],
  ) => {
    const client = tcp as unknown as ConstructorParameters<typeof Ratelimit>[0]["redis"];
    const ratelimit = new Ratelimit({
      redis: client,
      limiter,
      ephemeralCache: false,
    });
    return { name: "@upstash/ratelimit", algorithm, path, check: (key: string) => ratelimit.limit(key) };
  };
  const all: Subject[] = [
    floor("return 1", "return 1"),
    floor("GET", "return redis.call('GET', KEYS[1])"),
    floor(
      "GET, SET PX",
      "redis.call('GET', KEYS[1]) redis.call('SET', KEYS[1], 'twelve bytes', 'PX', 100000) return 1",
    ),
  ];
  for (const path of ["allowed", "denied"] as const) {
    const limit = path === "allowed" ? 1_000_000 : 1;
    const bucket = tokenBucket({ limit, window, name: "bucket" });
    const sliding = slidingWindow({ limit, window, name: "sliding" });
    const fixed = fixedWindow({ limit, window, name: "fixed" });
    all.push(
      sluice("token bucket", path, [bucket]),
      peer("token bucket", path, Ratelimit.tokenBucket(limit, window, limit)),
      sluice("sliding window", path, [sliding]),
      peer("sliding window", path, Ratelimit.slidingWindow(limit, window)),
      sluice("fixed window", path, [fixed]),
      peer("fixed window", path, Ratelimit.fixedWindow(limit, window)),
      sluice("three policies", path, [bucket, sliding, fixed]),
      sluice("sliding log", path, [slidingLog({ limit: path === "allowed" ? 100 : 1, window })]),
    );
  }
  return all;
}

async function measure(subject: Measured): Promise<void> {
  const keys = Array.from({ length: KEYS }, (_key, i) => `user:${100_000_000_000_000 + i}`);
  for (const key of keys) await subject.check(key);
  await redis.config("RESETSTAT");
  for (let done = 0; done < CALLS; done += IN_FLIGHT) {
    await Promise.all(
      Array.from({ length: IN_FLIGHT }, (_call, i) => subject.check(keys[(done + i) % KEYS] as string)),
    );
  }
  const stats = await redis.info("commandstats");
  const used = [...stats.matchAll(/cmdstat_(\w+):calls=(\d+),usec=\d+,usec_per_call=([\d.]+)/g)];
  const billed = used.filter(([, name]) => !["config", "info"].includes(name as string));
  subject.micros.push(Number(used.find(([, name]) => name === "evalsha")?.[3]));
  subject.commands = billed.reduce((sum, [, , calls]) => sum + Number(calls), 0) / CALLS;
  subject.bytes = await bytesOf(keys[0] as string);
  await redis.flushdb();
}

async function bytesOf(key: string): Promise<number> {
  const stored = await redis.keys(`*${key}*`);
  const sizes = await Promise.all(stored.map((name) => redis.memory("USAGE", name)));
  return sizes.reduce<number>((sum, size) => sum + Number(size), 0);
}

function report(measured: readonly Measured[]): void {
  console.table(
    measured.map(({ name, algorithm, path, micros, commands, bytes }) => {
      const peer = measured.find(
        (other) => other.algorithm === algorithm && other.path === path && other.name !== name,
      );
      return {
        algorithm,
        path,
        name,
        "µs per EVALSHA": median(micros).toFixed(2),
        spread: `${Math.min(...micros).toFixed(2)}–${Math.max(...micros).toFixed(2)}`,
        "of the peer's": name === "sluice" && peer ? (median(micros) / median(peer.micros)).toFixed(2) : "",
        "billed commands": commands,
        "bytes per identifier": bytes,
      };
    }),
  );
  const alone = ["token bucket", "sliding window", "fixed window"].map((algorithm) => own(measured, algorithm));
  const ratio = own(measured, "three policies") / alone.reduce((sum, micros) => sum + micros, 0);
  console.log(`Three policies in one verdict take ${ratio.toFixed(2)} of what their three scripts take together.`);
}

function own(measured: readonly Measured[], algorithm: string): number {
  return median(measured.find((one) => one.algorithm === algorithm && one.path === "allowed")?.micros ?? []);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function shuffled<T>(values: readonly T[]): T[] {
  return values
    .map((value) => [Math.random(), value] as const)
    .toSorted(([a], [b]) => a - b)
    .map(([, value]) => value);
}
