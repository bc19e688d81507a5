import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, expect, inject, test } from "vitest";
import { createLimiter } from "../../src/limiter/limiter.ts";
import { ioredisClient } from "../../src/store/ioredis.ts";
import { redisStore } from "../../src/store/redis.ts";
import { MIDNIGHT } from "../support/clock.ts";
import { CROWD_NAMES, type Crowd, policiesOf } from "../support/crowd.ts";
import { connect, uniqueName } from "../support/redis.ts";

const PROCESSES = 3;
const url = inject("redisUrl");
const clients = await Promise.all(Array.from({ length: 4 }, () => connect(url)));
const [redis] = clients as [(typeof clients)[number]];
afterAll(() => {
  for (const client of clients) client.disconnect();
});

function worker(crowd: Crowd): Promise<Record<string, number>> {
  const path = fileURLToPath(new URL("../support/consume-worker.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", path, JSON.stringify(crowd)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk;
    });
    child.once("error", reject);
    child.once("close", (code) =>
      code === 0 ? resolve(JSON.parse(text)) : reject(new Error(`worker ended: ${code}`)),
    );
  });
}

test("200 calls at once from several processes and clients admit exactly the limit", async () => {
  const crowd = { url, prefix: uniqueName(), names: CROWD_NAMES, limit: 73, calls: 50, now: MIDNIGHT };
  const workers = Array.from({ length: PROCESSES }, () => worker(crowd));
  const here: Record<string, number> = {};
  for (const name of CROWD_NAMES) {
    const ready = async () => Number(await redis.get(`${crowd.prefix}:ready:${name}`));
    await expect.poll(ready, { timeout: 30_000, interval: 5 }).toBe(PROCESSES);
    await redis.rpush(`${crowd.prefix}:go:${name}`, ...Array(PROCESSES).fill("go"));
    const options = {
      policies: policiesOf(name, crowd.limit),
      name: crowd.prefix,
      now: () => MIDNIGHT,
      timeoutMs: 30_000,
    };
    const limiters = clients.map((client) => createLimiter({ ...options, store: redisStore(ioredisClient(client)) }));
    const calls = Array.from({ length: crowd.calls }, (_call, i) => limiters[i % 4]?.consume(name));
    const decisions = await Promise.all(calls);
    expect(decisions.every((decision) => decision?.source !== "fallback")).toBe(true);
    here[name] = decisions.filter((decision) => decision?.allowed).length;
  }
  const admitted = [here, ...(await Promise.all(workers))];
  for (const name of CROWD_NAMES) {
    expect(
      admitted.reduce((sum, counts) => sum + (counts[name] ?? 0), 0),
      name,
    ).toBe(crowd.limit);
  }
});
