import { Agent, request } from "node:http";
import { Redis } from "ioredis";
import { createRedisRest, type RedisRest } from "../../../src/server/rest/server.ts";

export interface LoadReport {
  readonly answered: number;
  readonly disconnected: number;
  /** Answers that were not their request's. */
  readonly wrong: readonly string[];
  /** Connections to Redis and from clients, above what there was before. */
  readonly leakedToRedis: number;
  readonly leakedFromClients: number;
}

interface Call {
  readonly path: string;
  readonly body: string;
  readonly expected: unknown;
}

/** Numbers from 0 to 1 that are the same in every run. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const SCRIPT = "#!lua flags=allow-key-locking\nreturn {ARGV[1], {redis.call('INCRBY', KEYS[1], 0), ARGV[1]}}";

/** A call whose answer nobody else could have got: it carries the call's own number. */
function call(kind: number, id: string): Call {
  const command = (words: unknown[], result: unknown) => ({
    path: "/",
    body: JSON.stringify(words),
    expected: { result },
  });
  switch (kind) {
    case 0:
      return command(["ECHO", id], id);
    case 1:
      return command(["EVAL", SCRIPT, 1, `n${id}`, id], [id, [0, id]]);
    case 2:
      return { path: `/set/k${id}?EX=100&GET`, body: id, expected: { result: null } };
    case 3:
      return {
        path: "/pipeline",
        body: JSON.stringify([
          ["SET", `p${id}`, id],
          ["GET", `p${id}`],
          ["LPUSH", `p${id}`, id],
          ["ECHO", id],
        ]),
        expected: [{ result: "OK" }, { result: id }, { error: WRONG_TYPE }, { result: id }],
      };
    case 4:
      return {
        path: "/multi-exec",
        body: JSON.stringify([
          ["SET", `m${id}`, id],
          ["INCR", `m${id}`],
          ["GET", `m${id}`],
        ]),
        expected: [{ result: "OK" }, { result: Number(id) + 1 }, { result: String(Number(id) + 1) }],
      };
    case 5:
      return command(["ECHO", id.repeat(20_000)], id.repeat(20_000));
    default:
      return { path: "/", body: JSON.stringify([`NOSUCH${id}`]), expected: UNKNOWN };
  }
}

const UNKNOWN = Symbol("unknown command");
const WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value";

/** Sends `count` calls of all kinds over `connections` at once; about one in ten is cut off at a random moment. */
export async function mixedLoad(count: number, connections = 64, seed = 1): Promise<LoadReport> {
  const rest = await createRedisRest();
  const direct = new Redis(rest.redisUrl);
  const clients = async () => ((await direct.client("LIST")) as string).trim().split("\n").length;
  const before = await clients();
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const random = randomNumbers(seed);
  const wrong: string[] = [];
  let answered = 0;
  let disconnected = 0;
  let next = 0;
  const worker = async () => {
    while (next < count) {
      next += 1;
      const id = String(1_000_000 + next);
      const each = call(Math.floor(random() * 7), id);
      const text = await send(rest, agent, each, random() < 0.1 ? random() * 4 : undefined);
      if (text === undefined) disconnected += 1;
      else {
        answered += 1;
        if (!isAnswerTo(each, id, text)) wrong.push(`${each.body.slice(0, 60)} got ${text.slice(0, 60)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
  agent.destroy();
  const leakedToRedis = (await clients()) - before;
  const leakedFromClients = await openConnections(rest);
  direct.disconnect();
  await rest.close();
  return { answered, disconnected, wrong, leakedToRedis, leakedFromClients };
}

function isAnswerTo({ expected }: Call, id: string, text: string): boolean {
  if (expected !== UNKNOWN) return text === JSON.stringify(expected);
  return text.startsWith(`{"error":"ERR unknown command 'NOSUCH${id}'`);
}

/** The answer, or undefined if the connection was cut after `cutAfterMs` before it came. */
function send(rest: RedisRest, agent: Agent, { path, body }: Call, cutAfterMs?: number): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${rest.token}`, "content-length": Buffer.byteLength(body) };
    const sending = request(rest.url + path, { method: "POST", agent, headers });
    sending.on("error", (error) => (cutAfterMs === undefined ? reject(error) : resolve(undefined)));
    sending.on("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => resolve(Buffer.concat(chunks).toString()));
      response.on("error", () => resolve(undefined));
    });
    if (cutAfterMs === undefined) sending.end(body);
    else {
      // Half of the body first, so that some are cut in the middle of their request.
      sending.write(body.slice(0, body.length / 2));
      setTimeout(() => (cutAfterMs < 2 ? sending.destroy() : sending.end(body.slice(body.length / 2))), cutAfterMs);
      setTimeout(() => sending.destroy(), 2 * cutAfterMs);
    }
  });
}

/** Connections that are still there although every client has gone; waits for the last to close. */
async function openConnections(rest: RedisRest): Promise<number> {
  for (let attempt = 0; ; attempt += 1) {
    const open = rest.connections();
    if (open === 0 || attempt === 100) return open;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
