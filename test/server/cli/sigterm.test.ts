import { Agent, request } from "node:http";
import { Redis } from "ioredis";
import { afterEach, expect, test } from "vitest";
import { type PrivateRedis, startPrivateRedis } from "../../../src/server/redis/private-redis.ts";
import { startSluice } from "./sluice.ts";

let redis: PrivateRedis;
afterEach(() => redis?.stop());

const BODY = '["INCR","n"]';

test("SIGTERM under load: each command that ran was answered", async () => {
  redis = await startPrivateRedis();
  const { child, ready, ended } = startSluice(["redis-rest", "-p", "0", "--redis", redis.url]);
  const { url, token } = await ready();
  const agent = new Agent({ keepAlive: true, maxSockets: 40 });
  const headers = { authorization: `Bearer ${token}`, "content-length": BODY.length };
  const increment = () =>
    new Promise<boolean>((resolve) => {
      const sending = request(url, { method: "POST", agent, headers }, (response) => {
        response.resume().on("end", () => resolve(response.statusCode === 200));
      });
      sending.on("error", () => resolve(false)).end(BODY);
    });
  let answered = 0;
  const clients = Array.from({ length: 40 }, async () => {
    while (await increment()) {
      answered += 1;
      if (answered === 1000) child.kill("SIGTERM");
    }
  });
  await Promise.all(clients);
  expect((await ended).code).toBe(0);
  agent.destroy();
  const direct = new Redis(redis.url);
  expect(Number(await direct.get("n"))).toBe(answered);
  direct.disconnect();
});
