import { execFileSync } from "node:child_process";
import { afterEach, describe, expect, test } from "vitest";
import { ask } from "../rest/ask.ts";
import { openRaw, type RawConnection, rawRequest } from "../rest/http/connection.ts";
import { type RunningSluice, SLUICE, startCommand } from "./sluice.ts";

const MB = 1024 * 1024;
/** Makes the server collect its garbage when it is told to, and say how much memory it has then. */
const COLLECTOR = "process.on('SIGUSR2', () => { gc(); gc(); console.error('has', process.memoryUsage.rss()); })";
const SETTINGS = ["--expose-gc", "--import", `data:text/javascript,${encodeURIComponent(COLLECTOR)}`];

let running: RunningSluice;
let silent: RawConnection | undefined;
afterEach(() => {
  silent?.socket.destroy();
  running.child.kill("SIGKILL");
});

describe.each([
  // In JSON six times as long.
  ["zero bytes", ["SETRANGE", "large", 1_999_999, "x"]],
  ["text", ["EVAL", "return redis.call('SET', 'large', string.rep('x', 2000000))", 0]],
])("a client that asks 200 times for 2 MB of %s and reads nothing", (_, write) => {
  const start = async () => {
    const [node = "", ...args] = SLUICE;
    running = startCommand([node, ...SETTINGS, ...args, "redis-rest", "-p", "0"], { UPSTASH_REDIS_REST_TOKEN: "t" });
    const rest = await running.ready();
    await ask(rest, "/", { json: write });
    const calls = async () => {
      const { body } = await ask(rest, "/info/commandstats");
      return Number(/cmdstat_get:calls=(\d+)/.exec(String(body.result))?.[1] ?? 0);
    };
    const askAndReadNothing = async () => {
      const asked = await calls();
      silent = openRaw(rest);
      silent.socket.pause();
      silent.socket.write(rawRequest('["GET","large"]').repeat(200));
      await expect.poll(calls).toBeGreaterThan(asked);
      for (let i = 0; i < 100; i += 1) await ask(rest, "/", { json: ["PING"] });
    };
    return { rest, askAndReadNothing };
  };

  test("is held less than 10 MB for by a process that has just started", async () => {
    const { askAndReadNothing } = await start();
    // Without collecting it would be the garbage of the start and of the first answers, whoever asked for them.
    const held = async () => {
      const said = running.err().length;
      running.child.kill("SIGUSR2");
      await expect.poll(() => /has (\d+)\n/.exec(running.err().slice(said))?.[1]).toBeDefined();
      return Number(/has (\d+)\n/.exec(running.err().slice(said))?.[1]);
    };
    const before = await held();
    await askAndReadNothing();
    expect((await held()) - before).toBeLessThan(10 * MB);
  });

  test("costs a process that has answered before less than 10 MB, garbage included", async () => {
    const { rest, askAndReadNothing } = await start();
    const resident = () => Number(execFileSync("ps", ["-o", "rss=", "-p", String(running.child.pid)])) * 1024;
    for (let i = 0; i < 10; i += 1) await ask(rest, "/", { json: ["GET", "large"] });
    const before = resident();
    await askAndReadNothing();
    expect(resident() - before).toBeLessThan(10 * MB);
  });
});
