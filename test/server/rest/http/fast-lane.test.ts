import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readPlainRequest } from "../../../../src/server/rest/http/plain-request.ts";
import { createRedisRest, type RedisRest } from "../../../../src/server/rest/server.ts";

const AUTH = "Authorization: Bearer t";

function text(
  body: string,
  headers = [`Content-Length: ${Buffer.byteLength(body)}`],
  line = "POST / HTTP/1.1",
): string {
  return `${[line, "Host: x", AUTH, ...headers].join("\r\n")}\r\n\r\n${body}`;
}

describe("readPlainRequest", () => {
  const read = (request: string) => readPlainRequest(Buffer.from(request));

  test("reads what is exactly one command or pipeline", () => {
    const request = read(text('["ü"]', ["content-length: 6", "UPSTASH-ENCODING:base64 ", "connection: Keep-Alive"]));
    expect(request).toEqual({
      isPipeline: false,
      authorization: "Bearer t",
      encoding: "base64",
      responseFormat: undefined,
      body: Buffer.from('["ü"]'),
    });
    expect(read(text("[]", ["Content-Length: 2"], "POST /pipeline HTTP/1.1"))?.isPipeline).toBe(true);
    expect(read(text("", ["Content-Length: 0"]))?.body).toHaveLength(0);
  });

  const length = "Content-Length: 8";
  test.each<[string, string]>([
    ["another method", text('["PING"]', [length], "PUT / HTTP/1.1")],
    ["another path", text('["PING"]', [length], "POST /?a HTTP/1.1")],
    ["another version", text('["PING"]', [length], "POST / HTTP/1.0")],
    ["a body that is not all there", text('["PIN', [length])],
    ["a second request behind it", `${text('["PING"]')}P`],
    ["no length", text('["PING"]', [])],
    ["two lengths", text('["PING"]', [length, length])],
    ["a length that is no number", text('["PING"]', ["Content-Length: +8"])],
    ["a length with a space", text('["PING"]', ["Content-Length : 8"])],
    ["a list of lengths", text('["PING"]', ["Content-Length: 8, 8"])],
    ["a transfer encoding", text('["PING"]', [length, "Transfer-Encoding: chunked"])],
    ["a content encoding", text('["PING"]', [length, "Content-Encoding: gzip"])],
    ["an expectation", text('["PING"]', [length, "Expect: 100-continue"])],
    ["a wish to close", text('["PING"]', [length, "Connection: close"])],
    ["a wish to upgrade", text('["PING"]', [length, "Upgrade: h2c"])],
    ["a folded header", text('["PING"]', [length, "A: b\r\n c"])],
    ["a bare line feed", text('["PING"]', [`${length}\nTransfer-Encoding: chunked`])],
    ["a bare carriage return", text('["PING"]', [`${length}\rA: b`])],
    ["a control character", text('["PING"]', [length, "A: \0"])],
    ["no host", '["PING"]'.replace(/^/, `POST / HTTP/1.1\r\n${length}\r\n\r\n`)],
    ["a long head", text('["PING"]', [length, `A: ${"x".repeat(9000)}`])],
    ["an unfinished head", "POST / HTTP/1.1\r\nHost: x\r\n"],
    ["nothing", ""],
  ])("leaves %s to the full parser", (_, request) => {
    expect(read(request)).toBeUndefined();
  });
});

describe("a connection", () => {
  let rest: RedisRest;
  beforeAll(async () => {
    rest = await createRedisRest({ token: "t" });
  });
  afterAll(() => rest?.close());

  function open(): { socket: Socket; until: (pattern: RegExp) => Promise<string> } {
    const socket = connect(Number(new URL(rest.url).port), "127.0.0.1");
    let all = "";
    socket.on("data", (chunk) => {
      all += chunk;
    });
    const until = async (pattern: RegExp) => {
      while (!pattern.test(all)) await once(socket, "data");
      return all;
    };
    return { socket, until };
  }

  test("may change from plain requests to others and keeps its order", async () => {
    const { socket, until } = open();
    socket.write(text('["ECHO","one"]'));
    await until(/one"}$/);
    socket.write(text('["ECHO","two"]').replace(AUTH, `${AUTH}\r\nA: \x80`));
    await until(/two"}$/);
    socket.write(text('["ECHO","three"]'));
    const all = await until(/three"}$/);
    expect(all.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(3);
    socket.destroy();
  });

  test("may send a request byte by byte", async () => {
    const { socket, until } = open();
    socket.setNoDelay(true);
    for (const byte of text('["ECHO","slowly"]')) {
      socket.write(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(/slowly"}$/);
    socket.destroy();
  });

  test("may send requests ahead, at once or while one is under way", async () => {
    const { socket, until } = open();
    socket.write(text('["ECHO","a1"]') + text('["ECHO","a2"]'));
    await until(/a1"}[\s\S]*a2"}$/);
    socket.destroy();
    const other = open();
    const busy = "local n = 0 for i = 1, 3000000 do n = n + 1 end return 'b1'";
    other.socket.write(text(JSON.stringify(["EVAL", busy, 0])));
    await new Promise((resolve) => setImmediate(resolve));
    for (const n of [2, 3, 4]) other.socket.write(text(`["ECHO","b${n}"]`));
    await other.until(/b1"}[\s\S]*b2"}[\s\S]*b3"}[\s\S]*b4"}$/);
    other.socket.destroy();
  });

  test("may send in chunks, or ask before it sends", async () => {
    const { socket, until } = open();
    const start = text("", ["Transfer-Encoding: chunked"]);
    socket.write(`${start}8\r\n["ECHO",\r\n9\r\n"chunks"]\r\n0\r\n\r\n`);
    await until(/chunks"}/);
    socket.write(text("", ["Content-Length: 8", "Expect: 100-continue"]));
    await until(/100 Continue/);
    socket.write('["PING"]');
    await until(/PONG"}/);
    socket.destroy();
  });

  test("that ends after its request still gets the answer, and is closed", async () => {
    const { socket, until } = open();
    socket.end(text('["ECHO","last"]'));
    await until(/last"}$/);
    await once(socket, "close");
  });

  test("that breaks in the middle of an answer leaves nothing behind", async () => {
    const { socket } = open();
    socket.write(text('["PING"]'), () => socket.destroy());
    await once(socket, "close");
    await expect.poll(() => rest.connections()).toBe(0);
  });

  test("gets a date, a length and errors like any other", async () => {
    const { socket, until } = open();
    socket.write(text('["NOSUCH"]'));
    const answer = await until(/}$/);
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(answer).toMatch(/\r\ndate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n/);
    socket.destroy();
  });
});
