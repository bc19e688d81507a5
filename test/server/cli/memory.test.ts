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

async function start() {
  const [node = "", ...args] = SLUICE;
  running = startCommand([node, ...SETTINGS, ...args, "redis-rest", "-p", "0"], { UPSTASH_REDIS_REST_TOKEN: "t" });
  const rest = await running.ready();
  return {
    rest,
    write: async (...command: (string | number)[]) =>
      expect(await ask(rest, "/", { json: command })).toMatchObject({ status: 200 }),
    /** How often Redis has run the command. */
    calls: async (name: string) => {
      const { body } = await ask(rest, "/info/commandstats");
      return Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(String(body.result))?.[1] ?? 0);
    },
    askAndReadNothing(request: string) {
      silent = openRaw(rest);
      silent.socket.pause();
      silent.socket.write(request);
    },
    /** So many others are served meanwhile. */
    async serveOthers() {
      for (let i = 0; i < 100; i += 1) await ask(rest, "/", { json: ["PING"] });
    },
    resident: () => Number(execFileSync("ps", ["-o", "rss=", "-p", String(running.child.pid)])) * 1024,
    /** Without collecting it would be the garbage of the start and of the first answers, whoever asked for them. */
    async held() {
      const said = running.err().length;
      running.child.kill("SIGUSR2");
      await expect.poll(() => /has (\d+)\n/.exec(running.err().slice(said))?.[1]).toBeDefined();
      return Number(/has (\d+)\n/.exec(running.err().slice(said))?.[1]);
    },
  };
}

const fill = (key: string, text: string, count: number) => [
  "EVAL",
  "return redis.call('SET', KEYS[1], string.rep(ARGV[1], ARGV[2]))",
  1,
  key,
  text,
  count,
];
const AGAIN = rawRequest('["GET","large"]').repeat(200);
const PIPELINE = rawRequest(JSON.stringify(Array(200).fill(["GET", "small"])), [], "POST /pipeline HTTP/1.1");

describe.each([
  // In JSON six times as long.
  ["200 times for 2 MB of zero bytes", fill("large", "\0", 2_000_000), AGAIN],
  ["200 times for 2 MB of text", fill("large", "x", 2_000_000), AGAIN],
  ["in a pipeline for 200 times 10 kB of zero bytes", fill("small", "\0", 10_000), PIPELINE],
])("a client that asks %s and reads nothing", (_, write, request) => {
  const startAndAsk = async () => {
    const server = await start();
    await server.write(...write);
    return {
      ...server,
      async askAndReadNothing() {
        const asked = await server.calls("get");
        server.askAndReadNothing(request);
        await expect.poll(() => server.calls("get")).toBeGreaterThan(asked);
        await server.serveOthers();
      },
    };
  };

  test("is held less than 10 MB for by a process that has just started", async () => {
    const { held, askAndReadNothing } = await startAndAsk();
    const before = await held();
    await askAndReadNothing();
    expect((await held()) - before).toBeLessThan(10 * MB);
  });

  test("costs a process that has answered before less than 10 MB, garbage included", async () => {
    const { rest, resident, askAndReadNothing } = await startAndAsk();
    for (let i = 0; i < 10; i += 1) await ask(rest, "/", { json: ["GET", "large"] });
    const before = resident();
    await askAndReadNothing();
    expect(resident() - before).toBeLessThan(10 * MB);
  });
});

test("a client that sends 100 000 requests ahead, while a script is slow, is held less than 20 MB for", async () => {
  const { held, askAndReadNothing, serveOthers } = await start();
  const before = await held();
  const slow = JSON.stringify(["EVAL", "local n = 0 for i = 1, 30000000 do n = n + 1 end return n", 0]);
  askAndReadNothing(rawRequest(slow) + rawRequest('["GET","none"]').repeat(100_000));
  await serveOthers();
  expect((await held()) - before).toBeLessThan(20 * MB);
});

test("a subscriber that reads nothing is cut off before it costs 10 MB, garbage included", async () => {
  const { rest, held, resident, askAndReadNothing, write, calls } = await start();
  const subscribers = async () => (await ask(rest, "/pubsub/numsub/flood")).body.result;
  const rises: number[] = [];
  for (let round = 0; round <= 2; round += 1) {
    const before = await held();
    askAndReadNothing(rawRequest("[]", [], "POST /subscribe/flood HTTP/1.1"));
    await expect.poll(subscribers).toEqual(["flood", 1]);
    await write("EVAL", "for i = 1, 300000 do redis.call('PUBLISH', 'flood', 'some thirty bytes of a message') end", 0);
    await expect.poll(subscribers).toEqual(["flood", 0]);
    // The first time it is also what code costs that has not run before.
    if (round > 0) rises.push(resident() - before);
    silent?.socket.destroy();
  }
  expect(await calls("publish")).toBe(3 * 300_000);
  expect(Math.min(...rises)).toBeLessThan(10 * MB);
});
