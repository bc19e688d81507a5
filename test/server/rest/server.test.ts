import { createHash } from "node:crypto";
import { Redis } from "@upstash/redis";
import { Redis as TcpRedis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createRedisRest, type RedisRest } from "../../../src/server/rest/server.ts";

let rest: RedisRest;
let redis: Redis;

beforeAll(async () => {
  rest = await createRedisRest();
  redis = new Redis({ url: rest.url, token: rest.token, retry: false });
});

afterAll(() => rest?.close());

const FLAGGED = "#!lua flags=allow-key-locking\nreturn redis.call('INCR', KEYS[1])";
const sha1 = (text: string) => createHash("sha1").update(text).digest("hex");

test("a value written through the official client is there for another client of the same Redis", async () => {
  await redis.set("greeting", "grüß dich 🌊");
  const direct = new TcpRedis(rest.redisUrl);
  expect(await direct.get("greeting")).toBe("grüß dich 🌊");
  await direct.quit();
});

test("a pipeline answers in order, with errors in their places", async () => {
  const results = await redis.pipeline().set("n", 1).incr("n").lpush("n", "x").get("n").exec({ keepErrors: true });
  expect(results.map((each) => each.result)).toEqual(["OK", 2, undefined, 2]);
  expect(results[2]?.error).toMatch(/^WRONGTYPE/);
});

test("a script marked for key locking runs under its caller's SHA, and is unknown again after SCRIPT FLUSH", async () => {
  expect(await redis.eval(FLAGGED, ["counter"], [])).toBe(1);
  expect(await redis.evalsha(sha1(FLAGGED), ["counter"], [])).toBe(2);
  expect(await redis.scriptExists(sha1(FLAGGED))).toEqual([1]);
  await redis.scriptFlush();
  await expect(redis.evalsha(sha1(FLAGGED), ["counter"], [])).rejects.toThrow("NOSCRIPT");
  expect(await redis.scriptLoad(FLAGGED)).toBe(sha1(FLAGGED));
  expect(await redis.evalsha(sha1(FLAGGED), ["counter"], [])).toBe(3);
});

test("without the token nothing is answered", async () => {
  for (const authorization of ["", "Bearer", "Bearer wrong", `Basic ${rest.token}`]) {
    const response = await fetch(rest.url, { method: "POST", body: '["PING"]', headers: { authorization } });
    expect(response.status).toBe(401);
    expect(await response.json()).toEqual({ error: "WRONGPASS invalid or missing auth token" });
  }
});

test("an outage is 503 at once, and over when Redis is back", async () => {
  await rest.privateRedis?.kill();
  const ask = () =>
    fetch(rest.url, { method: "POST", body: '["PING"]', headers: { authorization: `Bearer ${rest.token}` } });
  const during = await ask();
  expect(during.status).toBe(503);
  expect((await during.json()).error).toMatch(/^UNAVAILABLE/);
  await rest.privateRedis?.restart();
  await expect.poll(async () => (await ask()).status).toBe(200);
});
