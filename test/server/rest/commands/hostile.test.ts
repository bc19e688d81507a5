import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createRedisRest, type RedisRest } from "../../../../src/server/rest/server.ts";
import { ask } from "../ask.ts";

let rest: RedisRest;

beforeAll(async () => {
  rest = await createRedisRest({ readOnlyToken: "reader", limits: { redisTimeoutMs: 5000 } });
});
afterAll(() => rest?.close());
beforeEach(() => ask(rest, "/", { json: ["FLUSHALL"] }));

const run = async (...command: unknown[]) => (await ask(rest, "/", { json: command })).body;

/** That others get their own answers, by every way in. */
async function expectOthersServed(): Promise<void> {
  const [one, many, script] = await Promise.all([
    run("ECHO", "mine"),
    ask(rest, "/pipeline", {
      json: [
        ["SET", "k", "v"],
        ["GET", "k"],
      ],
    }),
    run("EVAL", "return {ARGV[1], 7}", 0, "script"),
  ]);
  expect([one, many.body, script]).toEqual([
    { result: "mine" },
    [{ result: "OK" }, { result: "v" }],
    { result: ["script", 7] },
  ]);
}

describe("a command that would harm the connection that all share is refused, in any spelling, by every way in", () => {
  const commands: unknown[][] = [
    ["SCRIPT", "DEBUG", "YES"],
    ["script", "debug", "sync"],
    ["SCRIPT", "DEBUG\0x", "YES"],
    ["SCRIPT\0", "DEBUG", "YES"],
    ["POST"],
    ["post", "/"],
    ["POST\0x"],
    ["Host:", "x"],
    ["XREAD", "BLOCK", 0, "STREAMS", "s", "$"],
    ["XREAD", "COUNT", 1, "BLOCK", 0, "STREAMS", "s", "$"],
    ["XREADGROUP", "BLOCK", 0, "GROUP", "g", "c", "STREAMS", "s", ">"],
    ["XREADGROUP", "GROUP", "g", "c", "NOACK", "block\0", 0, "STREAMS", "s", ">"],
    ["BLPOP", "a", 0],
    ["BLMPOP", 0, 1, "a", "LEFT"],
    ["WAIT", 1, 0],
    ["DEBUG", "SLEEP", 3],
    ["DEBUG\0", "SLEEP", 3],
    ["SHUTDOWN", "NOSAVE"],
    ["REPLICAOF", "127.0.0.1", 1],
    ["FAILOVER"],
    ["PSYNC", "?", -1],
    ["PFSELFTEST"],
    ["MODULE", "LOAD", "/nowhere.so"],
    ["CLIENT", "REPLY", "OFF"],
    ["CLIENT", "PAUSE", 60_000],
    ["CLUSTER", "RESET"],
    ["RESET"],
    ["HELLO", 3],
    ["SELECT", 1],
    ["MULTI"],
    ["SUBSCRIBE", "c"],
    ["SSUBSCRIBE", "c"],
    ["MONITOR"],
    ["QUIT"],
  ];

  test.each(commands.map((command) => [JSON.stringify(command), command] as const))("%s", async (_, command) => {
    const one = await ask(rest, "/", { json: command });
    expect([one.status, one.body.error]).toEqual([400, expect.stringMatching(/^ERR Command is not available: /)]);
    const pipeline = await ask(rest, "/pipeline", { json: [["SET", "a", 1], command, ["GET", "a"]] });
    expect(pipeline.body).toEqual([{ result: "OK" }, { error: one.body.error }, { result: "1" }]);
    const atomic = await ask(rest, "/multi-exec", { json: [["SET", "a", 2], command] });
    expect([atomic.status, atomic.body.error]).toEqual([400, one.body.error]);
    const path = command.map((word) => encodeURIComponent(String(word))).join("/");
    expect((await ask(rest, `/${path}`)).body).toEqual(one.body);
    await expectOthersServed();
    expect(await run("GET", "a")).toEqual({ result: "1" });
  });
});

test("concurrent requests of others are answered while somebody sends what Redis hangs up at", async () => {
  const others = Array.from({ length: 150 }, (_, i) => run("ECHO", `mine ${i}`));
  const hostile = ["POST", "HOST:", "post", "QUIT"].map((name) => ask(rest, "/", { json: [name] }));
  expect(await Promise.all(others)).toEqual(others.map((_, i) => ({ result: `mine ${i}` })));
  expect((await Promise.all(hostile)).map(({ status }) => status)).toEqual([400, 400, 400, 400]);
});

test("what administrators need goes through", async () => {
  for (const command of [
    ["CONFIG", "GET", "maxmemory"],
    ["ACL", "WHOAMI"],
    ["SLOWLOG", "LEN"],
    ["LATENCY", "LATEST"],
    ["MODULE", "LIST"],
    ["COMMAND", "COUNT"],
    ["MEMORY", "USAGE", "a"],
    ["PUBLISH", "c", "x"],
    ["PUBSUB", "CHANNELS"],
    ["INFO", "server"],
    ["SAVE"],
  ]) {
    expect((await ask(rest, "/", { json: command })).status).toBe(200);
  }
});

test("a command may have as many words as Redis 6.2 takes, and no more", async () => {
  const most = 1024 * 1024;
  const words = ["DEL", ...Array.from({ length: most }, () => 1)];
  const tooMany = await ask(rest, "/", { json: words });
  expect([tooMany.status, tooMany.body.error]).toEqual([413, `ERR the request holds more than ${most} words`]);
  expect((await ask(rest, "/", { json: words.slice(0, most) })).body).toEqual({ result: 0 });
  await expectOthersServed();
});

test("any words at all get one answer, and others theirs", async () => {
  const names = ["GET", "set", "EVAL", "XREAD", "XREADGROUP", "SCRIPT", "CLIENT", "OBJECT", "FUNCTION", "COMMAND"];
  const options = ["BLOCK", "STREAMS", "GROUP", "COUNT", "DEBUG", "YES", "0", "1", "-1", "", "\0", "\r\n", "$3\r\nabc"];
  const word = fc.oneof(fc.constantFrom(...options), fc.string({ unit: "binary", maxLength: 12 }), fc.integer());
  const command = fc.tuple(fc.oneof(fc.constantFrom(...names), fc.string({ maxLength: 8 })), fc.array(word));
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 1, maxLength: 8 }), fc.nat(), async (commands, id) => {
      const json = [...commands.map(([name, words]) => [name, ...words]), ["ECHO", `id ${id}`]];
      const [answer, other] = await Promise.all([ask(rest, "/pipeline", { json }), run("ECHO", `other ${id}`)]);
      expect(answer.status).toBe(200);
      expect(answer.body).toHaveLength(json.length);
      expect(answer.body.at(-1)).toEqual({ result: `id ${id}` });
      expect(other).toEqual({ result: `other ${id}` });
    }),
    { numRuns: 150 },
  );
});
