import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createRedisRest, type RedisRest } from "../../../../src/server/rest/server.ts";
import { openRaw, rawRequest } from "./connection.ts";

let rest: RedisRest;
let impatient: RedisRest;
let direct: Redis;

beforeAll(async () => {
  rest = await createRedisRest({ token: "t" });
  impatient = await createRedisRest({
    token: "t",
    redis: rest.redisUrl,
    limits: { clientTimeoutMs: 300, maxRequestBytes: 100_000 },
  });
  direct = new Redis(rest.redisUrl);
});
afterAll(async () => {
  direct?.disconnect();
  await impatient?.close();
  await rest?.close();
});

const PLAIN = rawRequest('["ECHO","whole"]');
/** The same by the router: it does not say how long it is. */
const CHUNKED = rawRequest('8\r\n["ECHO",\r\n8\r\n"whole"]\r\n0\r\n\r\n', ["Transfer-Encoding: chunked"]);

describe("a request in pieces", () => {
  test.each([
    ["plain", PLAIN],
    ["chunked", CHUNKED],
  ])("%s, cut at every byte, gets its answer", async (_, request) => {
    const cuts = Array.from({ length: request.length - 1 }, (_, i) => i + 1);
    const answers = cuts.map(async (cut) => {
      const connection = openRaw(rest);
      connection.socket.write(request.slice(0, cut));
      await turn();
      await turn();
      connection.socket.write(request.slice(cut) + rawRequest(`["ECHO","after ${cut}"]`));
      const [first, second] = await connection.answers(2);
      connection.socket.destroy();
      return [first?.body, second?.body];
    });
    expect(await Promise.all(answers)).toEqual(cuts.map((cut) => ['{"result":"whole"}', `{"result":"after ${cut}"}`]));
  });

  test("byte by byte", async () => {
    const connection = openRaw(rest);
    for (const byte of PLAIN) {
      connection.socket.write(byte);
      await turn();
    }
    expect((await connection.answers(1))[0]?.body).toBe('{"result":"whole"}');
    connection.socket.destroy();
  });
});

describe("requests sent ahead", () => {
  test("are answered in their order, whatever way each takes", async () => {
    const connection = openRaw(rest);
    const slow = JSON.stringify(["EVAL", "local n = 0 for i = 1, 3000000 do n = n + 1 end return 'slow'", 0]);
    const path = "GET /echo/path HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\n\r\n";
    connection.socket.write(rawRequest(slow) + path + CHUNKED + PLAIN + rawRequest('["NOSUCH"]') + PLAIN);
    const answers = await connection.answers(6);
    expect(answers.map(({ body }) => /slow|path|whole|NOSUCH/.exec(body)?.[0])).toEqual([
      "slow",
      "path",
      "whole",
      "whole",
      "NOSUCH",
      "whole",
    ]);
    connection.socket.destroy();
  });

  test("by a client that never reads wait in its own connection, not in this server", async () => {
    await direct.setrange("large", 2_000_000, "x");
    const before = rest.connections();
    const connection = openRaw(rest);
    connection.socket.pause();
    await direct.config("RESETSTAT");
    connection.socket.write(rawRequest('["GET","large"]').repeat(200));
    const calls = async () => Number(/cmdstat_get:calls=(\d+)/.exec(await direct.info("commandstats"))?.[1] ?? 0);
    await expect.poll(calls).toBeGreaterThan(0);
    // So many others are served meanwhile; what the network takes is some megabytes at most.
    const other = openRaw(rest);
    other.socket.write(PLAIN.repeat(300));
    await other.answers(300);
    other.socket.destroy();
    expect(await calls()).toBeLessThan(10);
    connection.socket.destroy();
    await expect.poll(() => rest.connections()).toBeLessThanOrEqual(before);
  });
});

describe("what two readers could read differently is refused, and its end is no request", () => {
  const smuggled = rawRequest('["SET","smuggled","yes"]');
  const body = '["PING"]';
  test.each([
    ["a length and a transfer encoding", ["Content-Length: 8", "Transfer-Encoding: chunked"]],
    ["a transfer encoding and a length", ["Transfer-Encoding: chunked", "Content-Length: 8"]],
    ["two lengths", ["Content-Length: 8", "Content-Length: 9"]],
    ["a list of lengths", ["Content-Length: 8, 9"]],
    ["a length with a sign", ["Content-Length: +8"]],
    ["a length with a space", ["Content-Length : 8"]],
    ["a negative length", ["Content-Length: -1"]],
    ["a hexadecimal length", ["Content-Length: 0x8"]],
    ["an unknown transfer encoding", ["Transfer-Encoding: xchunked"]],
    ["a transfer encoding that is not last", ["Transfer-Encoding: chunked, identity"]],
    ["a transfer encoding after a vertical tab", ["Transfer-Encoding: \vchunked"]],
    ["a folded header", ["A: b\r\n c"]],
    ["a bare carriage return", ["A: b\rTransfer-Encoding: chunked"]],
    ["a header without a name", [": b"]],
    ["a header with a zero byte", ["A: b\0"]],
    ["a chunk whose size is no number", ["Transfer-Encoding: chunked"], "zz\r\n"],
    ["a chunk with a wrong end", ["Transfer-Encoding: chunked"], '8\r\n["PING"]xx0\r\n\r\n'],
    ["a chunk of a size beyond all numbers", ["Transfer-Encoding: chunked"], "fffffffffffffffff\r\n"],
  ])("%s", async (_, headers, content = body) => {
    const connection = openRaw(rest);
    connection.socket.write(rawRequest(content, headers) + smuggled);
    await connection.closed();
    const answers = await connection.answers(1);
    // A request that was whole before the fault may have been answered.
    expect(answers.at(-1)?.status).toBe(400);
    expect(JSON.parse(answers.at(-1)?.body ?? "").error).toMatch(/^ERR /);
    expect(await direct.exists("smuggled")).toBe(0);
  });

  test.each([
    ["no HTTP", "hello\r\n\r\n"],
    ["another protocol", "*1\r\n$4\r\nPING\r\n"],
    ["an unknown method", rawRequest(body, [], "BREW / HTTP/1.1")],
    ["a version that there is not", rawRequest(body, [], "POST / HTTP/9.9")],
    ["no path", rawRequest(body, [], "POST  HTTP/1.1")],
    ["an endless header", `${rawRequest("").slice(0, -4)}\r\nA: ${"x".repeat(100_000)}`],
    ["an endless path", `GET /${"x".repeat(100_000)}`],
  ])("%s gets an error in JSON, and the end", async (_, text) => {
    const connection = openRaw(rest);
    connection.socket.write(text);
    await connection.closed();
    const [answer] = await connection.answers(1);
    expect(answer?.head).toMatch(/^HTTP\/1\.1 4(00|31) /);
    expect(answer?.head).toMatch(/content-type: application\/json/i);
    expect(JSON.parse(answer?.body ?? "").error).toMatch(/^ERR /);
  });

  test("mutated requests leave the next client's alone", async () => {
    const before = rest.connections();
    const mutation = fc.tuple(fc.nat(PLAIN.length - 1), fc.integer({ min: 0, max: 255 }), fc.constantFrom(0, 1, 2));
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 4 }), fc.boolean(), async (mutations, chunked) => {
        let bytes = [...Buffer.from(chunked ? CHUNKED : PLAIN)];
        for (const [at, byte, deleted] of mutations) {
          bytes = [...bytes.slice(0, at), byte, ...bytes.slice(at + deleted)];
        }
        const connection = openRaw(rest);
        connection.socket.end(Buffer.from(bytes));
        await connection.closed();
        for (const { head, body } of await connection.answers(1)) {
          expect(head).toMatch(/^HTTP\/1\.1 (100|200|400|401|405|413|431) /);
          if (/application\/json/i.test(head) && body !== "") JSON.parse(body);
        }
      }),
      { numRuns: 150 },
    );
    const after = openRaw(rest);
    after.socket.write(PLAIN);
    expect((await after.answers(1))[0]?.body).toBe('{"result":"whole"}');
    after.socket.destroy();
    await expect.poll(() => rest.connections()).toBeLessThanOrEqual(before);
  });
});

describe("a client that takes its time is cut off", () => {
  const endless = async (text: string, again: string) => {
    const connection = openRaw(impatient);
    connection.socket.write(text);
    const sending = setInterval(() => connection.socket.write(again), 20);
    await connection.closed();
    clearInterval(sending);
    return (await connection.answers(1)).at(-1);
  };

  test("silent from the start", async () => {
    const connection = openRaw(impatient);
    await connection.closed();
    expect(impatient.connections()).toBe(0);
  });

  test.each([
    ["headers byte by byte", `${rawRequest("").slice(0, -4)}\r\nA: `, "x"],
    ["a body byte by byte", rawRequest("[", ["Content-Length: 90000"]), " "],
    ["chunks byte by byte", rawRequest("", ["Transfer-Encoding: chunked"]), "1\r\n[\r\n"],
  ])("%s", async (_, text, again) => {
    expect([undefined, 408]).toContain((await endless(text, again))?.status);
  });

  test.each([
    ["a body", rawRequest("[", ["Content-Length: 9000000000"]), " ".repeat(50_000)],
    ["chunks", rawRequest("", ["Transfer-Encoding: chunked"]), `c350\r\n${" ".repeat(50_000)}\r\n`],
  ])("%s without end is 413", async (_, text, again) => {
    // As much as is too much at once: on a busy machine the time could be up before.
    expect((await endless(text + again.repeat(3), again))?.status).toBe(413);
  });
});

describe("what a connection may do", () => {
  test.each([PLAIN, CHUNKED])("end after its request: it gets the answer, and is closed", async (request) => {
    const connection = openRaw(rest);
    connection.socket.end(request);
    await connection.closed();
    expect((await connection.answers(1))[0]?.body).toBe('{"result":"whole"}');
  });

  test("end while Redis is busy: the same", async () => {
    const slow = "local n = 0 for i = 1, 5000000 do n = n + 1 end return 'slow'";
    const connection = openRaw(rest);
    connection.socket.end(rawRequest(JSON.stringify(["EVAL", slow, 0])));
    await connection.closed();
    expect((await connection.answers(1))[0]?.body).toBe('{"result":"slow"}');
  });

  test("ask before it sends, or expect what there is not", async () => {
    const connection = openRaw(rest);
    connection.socket.write(rawRequest("", ["Content-Length: 8", "Expect: 100-continue"]));
    expect((await connection.answers(1))[0]?.status).toBe(100);
    connection.socket.write('["PING"]');
    expect((await connection.answers(2))[1]?.body).toBe('{"result":"PONG"}');
    connection.socket.write(rawRequest('["PING"]', ["Expect: a miracle"]));
    expect((await connection.answers(3))[2]?.body).toBe('{"result":"PONG"}');
    connection.socket.destroy();
  });

  test.each(["Host: a b", "Host: ", "Host: [::1", "Host: x:99999999", "X: no host"])(
    "%s: nothing depends on it, on either way",
    async (host) => {
      const connection = openRaw(rest);
      connection.socket.write((PLAIN + CHUNKED).replaceAll("Host: x", host));
      const bodies = (await connection.answers(2)).map(({ body }) => body);
      expect(bodies).toEqual(['{"result":"whole"}', '{"result":"whole"}']);
      connection.socket.destroy();
    },
  );

  test("know how long it is kept", async () => {
    const connection = openRaw(rest);
    connection.socket.write(PLAIN);
    const [answer] = await connection.answers(1);
    expect(answer?.head).toMatch(/\r\nconnection: keep-alive/i);
    expect(answer?.head).toMatch(/\r\nkeep-alive: timeout=65/i);
    expect(answer?.head).toMatch(/\r\ndate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT/i);
    connection.socket.destroy();
  });

  test("break in the middle of an answer: nothing stays", async () => {
    const before = rest.connections();
    const connection = openRaw(rest);
    connection.socket.write(rawRequest('["GET","large"]'), () => connection.socket.destroy());
    await connection.closed();
    await expect.poll(() => rest.connections()).toBeLessThanOrEqual(before);
  });
});
