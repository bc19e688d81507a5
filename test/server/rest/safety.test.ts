import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { Redis } from "ioredis";
import { afterEach, describe, expect, test } from "vitest";
import { createRedisRest, type RedisRest, type RedisRestOptions } from "../../../src/server/rest/server.ts";
import { ask } from "./ask.ts";

const open: RedisRest[] = [];
async function start(options: RedisRestOptions = {}): Promise<RedisRest> {
  const rest = await createRedisRest(options);
  open.push(rest);
  return rest;
}
afterEach(async () => {
  for (const rest of open.splice(0)) await rest.close();
});

describe("what it listens on", () => {
  test.each(["0.0.0.0", "::", "192.0.2.1", "example.org"])(
    "%s is refused without a token of one's own",
    async (host) => {
      await expect(createRedisRest({ host })).rejects.toThrow(/choose a token of your own/);
    },
  );

  test("other addresses work with one", async () => {
    const rest = await start({ host: "0.0.0.0", token: "mine" });
    const { port } = new URL(rest.url);
    expect((await fetch(`http://127.0.0.1:${port}/ping?_token=mine`)).status).toBe(200);
  });

  test.each(["", "with space", "x".repeat(1025), "grüße"])("%j is no token", async (token) => {
    await expect(createRedisRest({ token })).rejects.toThrow(/a token is/);
    await expect(createRedisRest({ readOnlyToken: token })).rejects.toThrow(/a token is/);
  });

  test("one token can't be both", async () => {
    await expect(createRedisRest({ token: "a", readOnlyToken: "a" })).rejects.toThrow(/another one/);
  });
});

describe("limits", () => {
  test("of the request, the pipeline and the reply", async () => {
    const rest = await start({ limits: { maxRequestBytes: 2000, maxCommands: 3, maxReplyBytes: 5000 } });
    for (const path of ["/", "/pipeline", "/set/big"]) {
      const large = await ask(rest, path, { method: "POST", body: `["SET","big","${"x".repeat(5_000_000)}"]` });
      expect([large.status, large.body.error]).toEqual([413, "ERR the request is larger than 2000 bytes"]);
    }
    const four = [["PING"], ["PING"], ["PING"], ["PING"]];
    for (const path of ["/pipeline", "/multi-exec"]) expect((await ask(rest, path, { json: four })).status).toBe(413);
    expect((await ask(rest, "/pipeline", { json: four.slice(1) })).status).toBe(200);
    await ask(rest, "/", { json: ["SETRANGE", "long", 5000, "x"] });
    for (const [path, json] of [
      ["/", ["GET", "long"]],
      ["/pipeline", [["GET", "long"]]],
    ] as const) {
      const reply = await ask(rest, path, { json });
      expect(reply.status).toBe(400);
      expect(reply.body.error).toMatch(/^ERR the reply has \d+ bytes, more than the 5000 allowed/);
    }
  });

  test("of the reply is in bytes", async () => {
    const rest = await start({ limits: { maxReplyBytes: 5000 } });
    await ask(rest, "/", { json: ["SET", "wide", "€".repeat(2000)] });
    expect((await ask(rest, "/", { json: ["GET", "wide"] })).body.error).toMatch(/^ERR the reply has 6\d\d\d bytes/);
    const resp2 = { headers: { "upstash-response-format": "resp2" } };
    expect((await ask(rest, "/", { json: ["GET", "wide"], ...resp2 })).status).toBe(400);
  });

  test.each([
    ["headers", "POST / HTTP/1.1\r\nHost: x\r\n"],
    ["a body", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\nAuthorization: Bearer t\r\n\r\n[1"],
  ])("a client that stops in the middle of %s is cut off", async (_, text) => {
    const rest = await start({ token: "t", limits: { clientTimeoutMs: 200 } });
    const socket = connect(Number(new URL(rest.url).port), "127.0.0.1");
    socket.write(text);
    socket.resume();
    await once(socket, "close");
  });
});

describe("web pages", () => {
  const origin = "https://page.example";
  const preflight = { "access-control-request-method": "POST", "access-control-request-headers": "authorization" };
  const cors = async (rest: RedisRest, from: string) => {
    const asked = await ask(rest, "/", { method: "OPTIONS", headers: { origin: from, ...preflight } });
    const ran = await ask(rest, "/", { json: ["PING"], headers: { origin: from } });
    const failed = await ask(rest, "/", { json: ["NOSUCH"], headers: { origin: from } });
    return [asked, ran, failed].map(({ headers }) => headers.get("access-control-allow-origin"));
  };

  test("get no answers to read, unless that is asked for", async () => {
    expect(await cors(await start(), origin)).toEqual([null, null, null]);
  });

  test("of the origins that are named, or of all", async () => {
    const some = await start({ corsOrigins: [origin, "https://other.example"] });
    expect(await cors(some, origin)).toEqual([origin, origin, origin]);
    expect(await cors(some, "https://evil.example")).toEqual([null, null, null]);
    expect(await cors(await start({ corsOrigins: ["*"] }), origin)).toEqual(["*", "*", "*"]);
    const asked = await ask(some, "/", { method: "OPTIONS", headers: { origin, ...preflight } });
    expect(asked.headers.get("access-control-allow-headers")).toBe("authorization");
    const ran = await ask(some, "/", { json: ["PING"], headers: { origin } });
    expect([ran.body, ran.headers.get("access-control-expose-headers")]).toEqual([
      { result: "PONG" },
      "upstash-sync-token",
    ]);
  });
});

test("a web page gets a long value whole, as others do", async () => {
  const rest = await start({ corsOrigins: ["*"] });
  await ask(rest, "/", { json: ["SETRANGE", "long", 299_999, "\n"] });
  const page = { headers: { origin: "https://page.example" } };
  const { body } = await ask(rest, "/", { json: ["GET", "long"], ...page });
  expect(body.result).toBe(`${"\0".repeat(299_999)}\n`);
});

describe("when Redis goes away", () => {
  const FLAGGED = "#!lua flags=allow-key-locking\nreturn 'still known'";
  const SHA = createHash("sha1").update(FLAGGED).digest("hex");

  test("503 at once and for the whole pipeline, then it resumes and marked scripts keep their SHA", async () => {
    const rest = await start();
    await ask(rest, "/", { json: ["SCRIPT", "LOAD", FLAGGED] });
    await ask(rest, "/", { json: ["SCRIPT", "LOAD", "return 'plain'"] });
    await rest.privateRedis?.kill();
    for (const [path, json] of [
      ["/", ["PING"]],
      ["/", ["SCRIPT", "LOAD", FLAGGED]],
      ["/pipeline", [["PING"], ["PING"]]],
      ["/multi-exec", [["PING"]]],
    ] as const) {
      const answer = await ask(rest, path, { json });
      expect([answer.status, answer.body.error]).toEqual([503, expect.stringMatching(/^UNAVAILABLE /)]);
    }
    expect((await ask(rest, "/subscribe/a", { json: [] })).status).toBe(503);
    expect((await fetch(`${rest.url}/health`)).status).toBe(503);
    await rest.privateRedis?.restart();
    await expect.poll(async () => (await fetch(`${rest.url}/health`)).status).toBe(200);
    expect((await ask(rest, "/", { json: ["EVALSHA", SHA, 0] })).body).toEqual({ result: "still known" });
    const plain = createHash("sha1").update("return 'plain'").digest("hex");
    expect((await ask(rest, "/", { json: ["EVALSHA", plain, 0] })).body.error).toMatch(/^NOSCRIPT /);
  });

  test("a command under way is answered 503 and not sent again", async () => {
    const rest = await start();
    const lost = ask(rest, "/", { json: ["EVAL", "redis.call('INCR','n') while true do end", 0] });
    await expect.poll(async () => (await ask(rest, "/health")).status).toBe(200);
    await rest.privateRedis?.kill();
    expect((await lost).status).toBe(503);
    await rest.privateRedis?.restart();
    await expect.poll(async () => (await ask(rest, "/", { json: ["GET", "n"] })).body).toEqual({ result: null });
  });

  test("a Redis that hangs is 503 after the time it may take", async () => {
    const rest = await start({ limits: { redisTimeoutMs: 300 } });
    const pid = rest.privateRedis?.pid as number;
    process.kill(pid, "SIGSTOP");
    expect((await ask(rest, "/", { json: ["PING"] })).status).toBe(503);
    process.kill(pid, "SIGCONT");
    await expect.poll(async () => (await ask(rest, "/", { json: ["PING"] })).status).toBe(200);
  });

  test("a private Redis that crashes is started again", async () => {
    const said: string[] = [];
    const rest = await start({ restartAfterMs: 100, say: (line) => said.push(line) });
    process.kill(rest.privateRedis?.pid as number, "SIGKILL");
    await expect.poll(() => said[0]).toBe("redis-server ended (SIGKILL); starting it again in 0.1 s");
    const status = async () => (await ask(rest, "/", { json: ["PING"] })).status;
    await expect.poll(status).toBe(200);
    expect(said[1]).toBe("Redis is back, empty");
  });

  test("a Redis that is not there at the start is an error that hides the password", async () => {
    const start = createRedisRest({ redis: "redis://ann:hidden@127.0.0.1:1" });
    await expect(start).rejects.toThrow(/^can't use Redis at redis:\/\/\*\*\*@127\.0\.0\.1:1: /);
  });

  test("so is a user who may not ask for the commands; no connection stays", async () => {
    const rest = await start();
    await ask(rest, "/", { json: ["ACL", "SETUSER", "ann", "on", ">pw", "+@all", "-command"] });
    const url = rest.redisUrl.replace(/\/\/.*@/, "//ann:pw@");
    await expect(createRedisRest({ redis: url })).rejects.toThrow(/NOPERM .*'command'/);
    const direct = new Redis(rest.redisUrl);
    await expect.poll(async () => ((await direct.client("LIST")) as string).includes("user=ann")).toBe(false);
    direct.disconnect();
  });

  test("a wrong password is one, too", async () => {
    const { privateRedis } = await start();
    const start2 = createRedisRest({ redis: `redis://:wrong@127.0.0.1:${privateRedis?.port}` });
    await expect(start2).rejects.toThrow(/WRONGPASS/);
  });
});

test("closing finishes the answers under way", async () => {
  const rest = await createRedisRest();
  const busy =
    "local t = redis.call('TIME') repeat local n = redis.call('TIME') until n[1] * 1000000 + n[2] - t[1] * 1000000 - t[2] > 200000 return 'done'";
  const answers = Promise.all([
    ask(rest, "/", { json: ["EVAL", busy, 0] }),
    ask(rest, "/echo/hello"),
    ask(rest, "/pipeline", { json: [["PING"]] }),
  ]);
  // One answer of a later connection means that the others have arrived before.
  await fetch(`${rest.url}/health`);
  await rest.close();
  expect((await answers).map(({ status }) => status)).toEqual([200, 200, 200]);
  await expect(fetch(rest.url)).rejects.toThrow();
  await rest.close();
});
