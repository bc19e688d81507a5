import { execFileSync } from "node:child_process";
import { afterEach, expect, test } from "vitest";
import { ask } from "../rest/ask.ts";
import { openRaw, rawRequest } from "../rest/http/connection.ts";
import { startSluice } from "./sluice.ts";

const MB = 1024;
let running: ReturnType<typeof startSluice> | undefined;
afterEach(() => running?.child.kill("SIGKILL"));

test("a client that asks for 400 MB and reads nothing costs the server less than 10 MB", async () => {
  running = startSluice(["redis-rest", "-p", "0"], { UPSTASH_REDIS_REST_TOKEN: "t" });
  const { child, ready, ended } = running;
  const rest = await ready();
  const residentKb = () => Number(execFileSync("ps", ["-o", "rss=", "-p", String(child.pid)]));
  const calls = async () => {
    const { body } = await ask(rest, "/info/commandstats");
    return Number(/cmdstat_get:calls=(\d+)/.exec(String(body.result))?.[1] ?? 0);
  };
  await ask(rest, "/", { json: ["SETRANGE", "large", 2_000_000, "x"] });
  // What its first answers cost is not this client's.
  for (let i = 0; i < 10; i += 1) await ask(rest, "/", { json: ["GET", "large"] });
  const [before, asked] = [residentKb(), await calls()];
  const connection = openRaw(rest);
  connection.socket.pause();
  connection.socket.write(rawRequest('["GET","large"]').repeat(200));
  await expect.poll(calls).toBeGreaterThan(asked);
  for (let i = 0; i < 100; i += 1) await ask(rest, "/", { json: ["PING"] });
  const cost = residentKb() - before;
  connection.socket.destroy();
  child.kill("SIGTERM");
  expect((await ended).code).toBe(0);
  expect(cost).toBeLessThan(10 * MB);
});
