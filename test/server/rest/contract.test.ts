import { createHash } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createRedisRest, type RedisRest } from "../../../src/server/rest/server.ts";
import { ask } from "./ask.ts";
import { wireReply } from "./wire.ts";

let rest: RedisRest;

beforeAll(async () => {
  rest = await createRedisRest({ readOnlyToken: "reader" });
});
beforeEach(async () => {
  await ask(rest, "/", { json: ["FLUSHALL"] });
});
afterAll(() => rest?.close());

const base64 = (text: string | Buffer) => Buffer.from(text).toString("base64");
const sha1 = (text: string) => createHash("sha1").update(text).digest("hex");
const run = async (...command: unknown[]) => (await ask(rest, "/", { json: command })).body;

describe("one command", () => {
  test("as a JSON array of strings, numbers and booleans, its name in any case", async () => {
    expect(await run("set", "n", 41, "EX", 100)).toEqual({ result: "OK" });
    expect(await run("Incr", "n")).toEqual({ result: 42 });
    expect(await run("SET", "b", true)).toEqual({ result: "OK" });
    expect(await run("GET", "b")).toEqual({ result: "true" });
    expect(await run("GET", "none")).toEqual({ result: null });
    expect(await run("EVAL", "return {1, {'a', {'b'}}, false}", 0)).toEqual({ result: [1, ["a", ["b"]], null] });
  });

  test("integers of 64 bits keep every digit", async () => {
    await run("SET", "big", "9007199254740993");
    const answer = await ask(rest, "/", { json: ["INCR", "big"] });
    expect(answer.bytes.toString()).toBe('{"result":9007199254740994}');
  });

  test.each([
    ["no JSON", "SET foo bar"],
    ["no array", '{"SET":"foo"}'],
    ["an empty array", "[]"],
    ["null inside", '["SET","a",null]'],
    ["an object inside", '["SET","a",{}]'],
    ["an array inside", '[["GET","a"]]'],
    ["an empty body", ""],
  ])("%s is 400 with an ERR", async (_, body) => {
    const answer = await ask(rest, "/", { method: "POST", body });
    expect(answer.status).toBe(400);
    expect(answer.body).toEqual({ error: expect.stringMatching(/^ERR /) });
  });

  test("what Redis refuses is 400 with its own words", async () => {
    await run("SET", "text", "x");
    for (const [command, words] of [
      [["NOSUCH"], "ERR unknown command"],
      [["GET"], "ERR wrong number of arguments"],
      [["LPUSH", "text", "y"], "WRONGTYPE "],
      [["EVALSHA", sha1("nothing"), 0], "NOSCRIPT "],
      [["EVAL", "return redis.error_reply('MINE own words')", 0], "MINE own words"],
    ] as const) {
      const answer = await ask(rest, "/", { json: command });
      expect(answer.status).toBe(400);
      expect(Object.keys(answer.body)).toEqual(["error"]);
      expect(answer.body.error.startsWith(words)).toBe(true);
    }
  });
});

describe("path style", () => {
  test.each(["GET", "POST", "PUT"])("%s /set/foo/bar/EX/100", async (method) => {
    expect((await ask(rest, "/set/foo/bar/EX/100", { method })).body).toEqual({ result: "OK" });
    expect(await run("GET", "foo")).toEqual({ result: "bar" });
    expect((await run("TTL", "foo")).result).toBeGreaterThan(0);
  });

  test("HEAD runs the command and answers without a body", async () => {
    const answer = await ask(rest, "/incr/heads", { method: "HEAD" });
    expect([answer.status, answer.bytes.length]).toEqual([200, 0]);
    expect(await run("GET", "heads")).toEqual({ result: "1" });
    expect((await ask(rest, "/incr", { method: "HEAD" })).status).toBe(400);
  });

  test("a body is the last argument, query parameters follow it", async () => {
    const body = Buffer.from([0, 255, 128, 10, 37]);
    expect((await ask(rest, "/set/bin?EX=100&NX", { method: "POST", body })).body).toEqual({ result: "OK" });
    expect((await ask(rest, "/set/bin/other?NX=", { method: "PUT" })).body).toEqual({ result: null });
    const answer = await ask(rest, "/get/bin", { headers: { "upstash-encoding": "base64" } });
    expect(answer.body).toEqual({ result: base64(body) });
    expect((await run("TTL", "bin")).result).toBeGreaterThan(0);
  });

  test("segments and parameters are decoded, a percent sign that encodes nothing stays", async () => {
    await ask(rest, "/set/a%2Fb%20c/gr%C3%BC%C3%9Fe?EX=1%30+");
    expect(await run("GET", "a/b c")).toEqual({ result: null });
    await ask(rest, "/set/a%2Fb%20c/gr%C3%BC%C3%9Fe?EX=1%30");
    expect(await run("GET", "a/b c")).toEqual({ result: "grüße" });
    await ask(rest, "/set/100%/50%zz");
    expect(await run("GET", "100%")).toEqual({ result: "50%zz" });
  });

  test("an empty path is 400", async () => {
    expect((await ask(rest, "/")).status).toBe(400);
  });
});

describe("authorization", () => {
  const status = async (path: string, headers: Record<string, string>) => {
    const response = await fetch(rest.url + path, { headers });
    return [response.status, await response.json()];
  };
  const refused = [401, { error: "WRONGPASS invalid or missing auth token" }];

  test("a bearer token, or _token, which is no argument", async () => {
    expect(await status("/ping", { authorization: `Bearer ${rest.token}` })).toEqual([200, { result: "PONG" }]);
    expect(await status(`/ping?_token=${rest.token}`, {})).toEqual([200, { result: "PONG" }]);
    const response = await fetch(`${rest.url}/?_token=${rest.token}`, { method: "POST", body: '["ECHO","a"]' });
    expect(await response.json()).toEqual({ result: "a" });
  });

  test("nothing else", async () => {
    expect(await status("/ping", {})).toEqual(refused);
    expect(await status("/ping?_token=", {})).toEqual(refused);
    expect(await status(`/ping?_token=${rest.token}%00`, {})).toEqual(refused);
    expect(await status("/ping", { authorization: `Bearer ${rest.token.slice(0, -1)}` })).toEqual(refused);
    expect(await status("/ping", { authorization: `Bearer ${rest.token}x` })).toEqual(refused);
    expect(await status("/ping", { authorization: `Bearer ${"x".repeat(5000)}` })).toEqual(refused);
    expect(await status("/ping", { authorization: rest.token })).toEqual(refused);
    expect(await status("/pipeline", {})).toEqual(refused);
    expect(await status("/subscribe/chat", {})).toEqual(refused);
    expect(await status("/monitor", {})).toEqual(refused);
  });

  test.each(["DELETE", "PATCH", "OPTIONS"])("%s is 405", async (method) => {
    expect((await ask(rest, "/get/foo", { method })).status).toBe(405);
  });

  test("the read-only token reads and nothing more", async () => {
    const read = (...command: string[]) =>
      ask(rest, "/", { json: command, headers: { authorization: "Bearer reader" } });
    await run("SET", "a", "1");
    await run("XADD", "s", "*", "f", "v");
    for (const command of [["GET", "a"], ["ping"], ["XINFO", "STREAM", "s"], ["OBJECT", "ENCODING", "a"], ["DBSIZE"]]) {
      expect((await read(...command)).status).toBe(200);
    }
    for (const command of [
      ["SET", "a", "2"],
      ["EVAL", "return 1", "0"],
      ["EVAL_RO", "return redis.call('KEYS', '*')", "0"],
      ["SCAN", "0"],
      ["KEYS", "*"],
      ["CONFIG", "GET", "*"],
      ["FLUSHALL"],
      ["ACL", "RESTTOKEN", "default", ""],
      ["XGROUP", "CREATE", "s", "g", "0"],
    ]) {
      const answer = await read(...command);
      expect(answer.status).toBe(400);
      expect(answer.body.error).toMatch(/^NOPERM /);
    }
    const atomic = await ask(rest, "/multi-exec", {
      json: [
        ["GET", "a"],
        ["SET", "a", "2"],
      ],
      headers: { authorization: "Bearer reader" },
    });
    expect(atomic.body.error).toMatch(/^NOPERM /);
    expect(await run("GET", "a")).toEqual({ result: "1" });
  });

  test("ACL RESTTOKEN gives a token with that user's rights", async () => {
    await run("ACL", "SETUSER", "ann", "on", ">secret", "~ann:*", "+@all", "-@dangerous");
    const { result: token } = await run("ACL", "RESTTOKEN", "ann", "secret");
    const asAnn = (...command: string[]) =>
      ask(rest, "/", { json: command, headers: { authorization: `Bearer ${token}` } });
    expect((await asAnn("SET", "ann:x", "1")).body).toEqual({ result: "OK" });
    expect((await asAnn("SET", "bob:x", "1")).body.error).toMatch(/^NOPERM /);
    expect((await asAnn("FLUSHALL")).body.error).toMatch(/^NOPERM /);
    expect((await asAnn("ACL", "RESTTOKEN", "ann", "secret")).body.error).toMatch(/^(ERR|NOPERM) /);
    const wrong = await ask(rest, "/", { json: ["ACL", "RESTTOKEN", "ann", "guess"] });
    expect([wrong.status, wrong.body.error]).toEqual([400, 'ERR Wrong password or user "ann" does not exist']);
    const forged = `${token.slice(0, -2)}${token.endsWith("AA") ? "BB" : "AA"}`;
    expect((await ask(rest, "/ping", { headers: { authorization: `Bearer ${forged}` } })).status).toBe(401);
  });
});

describe("base64", () => {
  const headers = { "upstash-encoding": "base64" };

  test("encodes strings at every depth, but not a bare OK, numbers, null or errors", async () => {
    const answer = async (...command: unknown[]) => (await ask(rest, "/", { json: command, headers })).body;
    expect(await answer("SET", "a", "grüße")).toEqual({ result: "OK" });
    expect(await answer("GET", "a")).toEqual({ result: base64("grüße") });
    expect(await answer("EVAL", "return {'OK', {'x', 7, false}}", 0)).toEqual({
      result: [base64("OK"), [base64("x"), 7, null]],
    });
    expect((await answer("NOSUCH")).error).toMatch(/^ERR unknown command/);
  });

  test("keeps bytes that are no text", async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    await ask(rest, "/set/bytes", { method: "POST", body: bytes });
    expect((await ask(rest, "/get/bytes", { headers })).body).toEqual({ result: bytes.toString("base64") });
  });
});

describe("pipelines and transactions", () => {
  test("a pipeline runs in order and keeps errors in their places", async () => {
    const { status, body } = await ask(rest, "/pipeline", {
      json: [
        ["SET", "a", 1],
        ["LPUSH", "a", "x"],
        ["INCR", "a"],
        ["BLPOP", "a", 0],
        ["GET", "a"],
      ],
    });
    expect(status).toBe(200);
    expect(body).toEqual([
      { result: "OK" },
      { error: expect.stringMatching(/^WRONGTYPE /) },
      { result: 2 },
      { error: expect.stringMatching(/^ERR Command is not available: 'BLPOP'/) },
      { result: "2" },
    ]);
    expect((await ask(rest, "/pipeline", { json: [] })).body).toEqual([]);
    expect((await ask(rest, "/pipeline", { json: ["GET", "a"] })).status).toBe(400);
  });

  test("a transaction is all or none; what fails while it runs stands in its place", async () => {
    const ran = await ask(rest, "/multi-exec", {
      json: [
        ["SET", "a", 1],
        ["LPUSH", "a", "x"],
        ["INCR", "a"],
      ],
      headers: { "upstash-encoding": "base64" },
    });
    expect(ran.status).toBe(200);
    expect(ran.body).toEqual([{ result: "OK" }, { error: expect.stringMatching(/^WRONGTYPE /) }, { result: 2 }]);
    const discarded = await ask(rest, "/multi-exec", { json: [["SET", "a", 9], ["NOSUCH"]] });
    expect(discarded.status).toBe(400);
    expect(discarded.body.error).toMatch(/^EXECABORT .*unknown command/);
    expect(
      (
        await ask(rest, "/multi-exec", {
          json: [
            ["SET", "a", 9],
            ["WATCH", "b"],
          ],
        })
      ).status,
    ).toBe(400);
    expect(await run("GET", "a")).toEqual({ result: "2" });
  });

  test("nothing comes between the commands of a transaction", async () => {
    const both = [
      ["INCR", "x"],
      ["INCR", "x"],
      ["INCR", "x"],
    ];
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, i) => ask(rest, i % 2 ? "/multi-exec" : "/pipeline", { json: both })),
    );
    for (const [i, { body }] of answers.entries()) {
      if (i % 2 === 0) continue;
      const [first] = body;
      expect(body).toEqual([first, { result: first.result + 1 }, { result: first.result + 2 }]);
    }
    expect(await run("GET", "x")).toEqual({ result: "180" });
  });
});

describe("RESP2", () => {
  const headers = { "upstash-response-format": "resp2" };
  const raw = async (...command: unknown[]) => ask(rest, "/", { json: command, headers });

  test("gives Redis's bytes, a status apart from a string", async () => {
    const ok = await raw("SET", "a", "OK");
    expect([ok.headers.get("content-type"), ok.bytes.toString()]).toEqual(["application/octet-stream", "+OK\r\n"]);
    expect((await raw("GET", "a")).bytes.toString()).toBe("$2\r\nOK\r\n");
    expect((await raw("GET", "none")).bytes.toString()).toBe("$-1\r\n");
    expect((await raw("EVAL", "return {1, {'a', redis.status_reply('up')}, false}", 0)).bytes.toString()).toBe(
      "*3\r\n:1\r\n*2\r\n$1\r\na\r\n+up\r\n$-1\r\n",
    );
    const failed = await raw("NOSUCH");
    expect(failed.status).toBe(400);
    expect(failed.bytes.toString()).toMatch(/^-ERR unknown command .*\r\n$/);
    const pipeline = await ask(rest, "/pipeline", { json: [["ECHO", "a"], ["NOSUCH"]], headers });
    expect(pipeline.bytes.toString()).toMatch(/^\*2\r\n\$1\r\na\r\n-ERR unknown/);
  });

  test("a string is never taken for a status, whatever stood before it", async () => {
    // Both come in several packets.
    const [plus, injected] = [`${"x".repeat(300_000)}+`, `\r\n$5\r\nINJEC\r\n${"y".repeat(300_000)}`];
    const pipeline = [
      ["SET", "plus", plus],
      ["SET", "next", injected],
    ];
    await ask(rest, "/pipeline", { json: pipeline });
    for (let n = 0; n < 10; n += 1) {
      expect((await raw("GET", "plus")).bytes.toString()).toBe(`$${plus.length}\r\n${plus}\r\n`);
      const next = (await raw("GET", "next")).bytes.toString();
      expect(next === `$${injected.length}\r\n${injected}\r\n`).toBe(true);
    }
  });

  test("the null of a list is told from that of a string, as Redis does", async () => {
    await run("XADD", "s", "1-1", "f", "v");
    await run("GEOADD", "geo", 13, 38, "there");
    await run("ZADD", "z", 1, "a");
    for (const command of [
      ["GET", "none"],
      ["LPOP", "none"],
      ["LPOP", "none", 2],
      ["RPOP", "none", 2],
      ["LMPOP", 1, "none", "LEFT"],
      ["ZMPOP", 1, "none", "MIN"],
      ["XREAD", "STREAMS", "s", "1-1"],
      ["GEOPOS", "geo", "there", "nowhere"],
      ["COMMAND", "INFO", "NOSUCH"],
      ["ZSCORE", "z", "none"],
      ["ZRANK", "z", "none"],
      ["HMGET", "none", "a"],
      ["EVAL", "return {false, redis.call('LPOP', 'none', 2)}", 0],
    ]) {
      expect((await raw(...command)).bytes.toString("latin1")).toBe(await wireReply(rest.redisUrl, command));
    }
  });

  test("is refused together with base64, for transactions, and under another name", async () => {
    const statuses = [
      await ask(rest, "/", { json: ["PING"], headers: { ...headers, "upstash-encoding": "base64" } }),
      await ask(rest, "/multi-exec", { json: [["PING"]], headers }),
      await ask(rest, "/ping", { headers: { "upstash-response-format": "resp3" } }),
    ].map(({ status }) => status);
    expect(statuses).toEqual([400, 400, 400]);
    expect((await ask(rest, "/ping", { headers: { "upstash-response-format": "json" } })).body.result).toBe("PONG");
  });
});

describe("the sync token", () => {
  test("changes with what may write and stays with what only reads", async () => {
    const token = async (...command: unknown[]) =>
      (await ask(rest, "/", { json: command })).headers.get("upstash-sync-token");
    const first = await token("GET", "a");
    expect(first).toBeTruthy();
    expect(await token("SCRIPT", "LOAD", "return 1")).toBe(first);
    const second = await token("SET", "a", "1");
    expect(second).not.toBe(first);
    expect(await token("GET", "a")).toBe(second);
    expect(await token("EVAL", "return redis.call('SET', KEYS[1], '2')", 1, "a")).not.toBe(second);
  });
});

test("each of several concurrent writes has a sync token of its own", async () => {
  const write = async (n: number) =>
    (await ask(rest, "/", { json: ["SET", `k${n}`, n] })).headers.get("upstash-sync-token");
  const tokens = await Promise.all([1, 2, 3, 4, 5, 6].map(write));
  expect(new Set(tokens).size).toBe(6);
  expect(tokens).not.toContain(null);
});

describe("scripts marked for key locking", () => {
  test("other flags stay, lines keep their numbers, errors come as Redis words them", async () => {
    const readsOnly = "#!lua flags=allow-key-locking,no-writes\nreturn redis.call('SET', KEYS[1], '1')";
    expect((await run("EVAL", readsOnly, 1, "a")).error).toMatch(/Write commands are not allowed/);
    const third = "#!lua flags=allow-key-locking\n\nerror('here')";
    expect((await run("EVAL", third, 0)).error).toMatch(/user_script:3: here/);
  });

  test("SCRIPT LOAD, EXISTS and FLUSH know the caller's SHA", async () => {
    const text = "#!lua flags=allow-key-locking\nreturn ARGV[1]";
    expect(await run("SCRIPT", "LOAD", text)).toEqual({ result: sha1(text) });
    expect(await run("SCRIPT", "EXISTS", sha1(text), sha1("x"))).toEqual({ result: [1, 0] });
    expect(await run("EVALSHA", sha1(text).toUpperCase(), 0, "me")).toEqual({ result: "me" });
    expect(await run("EVALSHA_RO", sha1(text), 0, "me")).toEqual({ result: "me" });
    const atomic = await ask(rest, "/multi-exec", {
      json: [
        ["SCRIPT", "LOAD", text],
        ["EVALSHA", sha1(text), 0, "x"],
      ],
    });
    expect(atomic.body).toEqual([{ result: sha1(text) }, { result: "x" }]);
    await run("SCRIPT", "FLUSH");
    expect((await run("EVALSHA", sha1(text), 0, "me")).error).toMatch(/^NOSCRIPT /);
  });
});

describe("commands that a request can't run", () => {
  test.each([
    ["BLPOP", "a", 0],
    ["BZPOPMIN", "a", 0],
    ["XREAD", "BLOCK", 0, "STREAMS", "s", "$"],
    ["XREADGROUP", "GROUP", "g", "c", "BLOCK", 0, "STREAMS", "s", ">"],
    ["WAIT", 1, 0],
    ["SELECT", 1],
    ["AUTH", "x"],
    ["HELLO", 3],
    ["CLIENT", "REPLY", "OFF"],
    ["MULTI"],
    ["WATCH", "a"],
    ["SUBSCRIBE", "c"],
    ["monitor"],
    ["QUIT"],
    ["SHUTDOWN"],
  ])("%s", async (...command) => {
    const answer = await ask(rest, "/", { json: command });
    expect(answer.status).toBe(400);
    expect(answer.body.error).toMatch(/^ERR Command is not available: '[A-Z]+', ./);
    expect(await run("PING")).toEqual({ result: "PONG" });
  });

  test("a stream or group that is called BLOCK does not block", async () => {
    await run("XADD", "BLOCK", "1-1", "f", "v");
    expect(await run("XREAD", "COUNT", 1, "STREAMS", "BLOCK", 0)).toEqual({
      result: [["BLOCK", [["1-1", ["f", "v"]]]]],
    });
    await run("XGROUP", "CREATE", "BLOCK", "BLOCK", "0");
    expect((await run("XREADGROUP", "GROUP", "BLOCK", "c", "STREAMS", "BLOCK", ">")).result).toHaveLength(1);
  });

  test("SCRIPT KILL reaches a script that keeps the shared connection busy", async () => {
    await run("CONFIG", "SET", "lua-time-limit", 20);
    const busy = run("EVAL", "while true do end", 0);
    await expect.poll(async () => (await run("SCRIPT", "KILL")).result).toBe("OK");
    expect((await busy).error).toMatch(/killed by user/i);
  });
});

test("GET /health needs no token", async () => {
  const response = await fetch(`${rest.url}/health`);
  expect([response.status, await response.json()]).toEqual([200, { status: "ok" }]);
});
