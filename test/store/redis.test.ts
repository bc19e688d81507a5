import { afterAll, beforeEach, describe, expect, test } from "vitest";
import type { Policy } from "../../src/algorithm/policy.ts";
import { programFor } from "../../src/algorithm/program.ts";
import { FLAGS } from "../../src/algorithm/scripts.ts";
import { StoreError } from "../../src/core/errors.ts";
import { createLimiter } from "../../src/limiter/limiter.ts";
import { startPrivateRedis } from "../../src/server/redis/private-redis.ts";
import { ioredisClient } from "../../src/store/ioredis.ts";
import { type RedisStoreOptions, redisStore } from "../../src/store/redis.ts";
import type { RedisClient } from "../../src/store/redis-client.ts";
import { clockAt } from "../support/clock.ts";
import { COUNTERS, PLAIN } from "../support/policies.ts";
import { connect, uniqueName } from "../support/redis.ts";

// A server of its own: these tests make it forget scripts.
const server = await startPrivateRedis();
const redis = await connect(server.url);
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});
beforeEach(() => redis.script("FLUSH"));

const clock = clockAt();

/** What a client was asked, in short: the method, and whether it was the flagged text. */
function recorded(client: RedisClient): { client: RedisClient; calls: string[] } {
  const calls: string[] = [];
  const flagged = new Set(Object.values(PROGRAMS).map(({ script }) => script.flaggedSha1));
  return {
    calls,
    client: {
      evalsha(sha1, keys, args) {
        calls.push(flagged.has(sha1) ? "evalsha flagged" : "evalsha");
        return client.evalsha(sha1, keys, args);
      },
      eval(script, keys, args) {
        calls.push(script.startsWith(FLAGS) ? "eval flagged" : "eval");
        return client.eval(script, keys, args);
      },
      del: (key) => client.del(key),
    },
  };
}

const POLICIES: Record<string, Policy[]> = {
  ...Object.fromEntries(Object.entries(COUNTERS).map(([name, make]) => [name, [make({ limit: 5, window: "1 d" })]])),
  "policy set": Object.entries(PLAIN).map(([name, make]) => make({ name, limit: 5, window: "1 d" })),
  "set with parts": Object.entries(COUNTERS).map(([name, make]) => make({ name, limit: 5, window: "1 d" })),
};
const PROGRAMS = Object.fromEntries(Object.entries(POLICIES).map(([name, policies]) => [name, programFor(policies)]));

const limiterOn = (client: RedisClient, name = "token bucket", prefix = uniqueName()) => {
  const options = { name: prefix, policies: POLICIES[name] ?? [], now: clock.now, snapshots: false };
  return createLimiter({ ...options, failureMode: "closed", store: redisStore(client) });
};

test("a namespace keeps stores apart, and is taken for no limiter's name", async () => {
  const policies = POLICIES["token bucket"] ?? [];
  const on = (name: string, options?: RedisStoreOptions) =>
    createLimiter({ name, policies, now: clock.now, store: redisStore(ioredisClient(redis), options) });
  const [plain, staging] = [on("api"), on("api", { namespace: "staging" })];
  await plain.consume("k");
  await staging.consume("k", { cost: 2 });
  expect((await redis.keys("*api:b1d:k")).sort()).toEqual(["api:b1d:k", "staging/api:b1d:k"]);
  expect(await plain.peek("k")).toMatchObject({ remaining: 4 });
  expect(await staging.peek("k")).toMatchObject({ remaining: 3 });
  await staging.reset("k");
  expect(await plain.peek("k")).toMatchObject({ remaining: 4 });
  expect(await redis.exists("staging/api:b1d:k")).toBe(0);
  for (const namespace of ["", "a/b", "a:b", "x".repeat(65), 5 as never]) {
    expect(() => redisStore(ioredisClient(redis), { namespace })).toThrow("namespace must be 1 to 64");
  }
});

describe("on stock Redis, which refuses the flag", () => {
  test("falls back to the plain script once, and asks once from then on", async () => {
    const { client, calls } = recorded(ioredisClient(redis));
    const limiter = limiterOn(client);
    expect(await limiter.consume("k")).toMatchObject({ allowed: true, remaining: 4, source: "store" });
    expect(calls).toEqual(["evalsha flagged", "eval flagged", "evalsha", "eval"]);
    calls.length = 0;
    expect(await limiter.consume("k")).toMatchObject({ allowed: true, remaining: 3 });
    expect(await limiter.consume("k")).toMatchObject({ allowed: true, remaining: 2 });
    expect(calls).toEqual(["evalsha", "evalsha"]);
  });

  test("the fallback holds for the store's other scripts", async () => {
    const { client, calls } = recorded(ioredisClient(redis));
    const store = redisStore(client);
    for (const policies of Object.values(POLICIES)) {
      const limiter = createLimiter({ store, policies, name: uniqueName(), now: clock.now });
      expect(await limiter.consume("k")).toMatchObject({ allowed: true, source: "store" });
    }
    expect(calls.filter((call) => call.endsWith("flagged"))).toEqual(["evalsha flagged", "eval flagged"]);
  });

  test("calls that all come first are all answered, and counted once", async () => {
    const limiter = limiterOn(ioredisClient(redis));
    const answers = await Promise.all(Array.from({ length: 8 }, () => limiter.consume("k")));
    expect(answers.map(({ source }) => source)).toEqual(Array(8).fill("store"));
    expect(answers.filter(({ allowed }) => allowed)).toHaveLength(5);
  });

  test("Redis forgets its scripts in between", async () => {
    const { client, calls } = recorded(ioredisClient(redis));
    const limiter = limiterOn(client);
    await limiter.consume("k");
    await redis.script("FLUSH");
    calls.length = 0;
    expect(await limiter.consume("k")).toMatchObject({ remaining: 3 });
    expect(await limiter.consume("k")).toMatchObject({ remaining: 2 });
    expect(calls).toEqual(["evalsha", "eval", "evalsha"]);
  });
});

/** What servers say of the flags line: then nothing has run. */
const REFUSALS = {
  "Redis 7 and newer, Valkey, Redict": "ERR Unexpected flag in script shebang: allow-key-locking",
  "Redis 6, KeyDB": "ERR Error compiling script (new function): user_script:1: unexpected symbol near '#'",
  Dragonfly: "Invalid flag: allow-key-locking",
  "Dragonfly, with a code": "ERR Invalid flag: allow-key-locking",
  Kvrocks: "ERR Error while compiling new script: user_script:1: unexpected symbol near '#'",
  Garnet: `ERR Compilation error: [string "#!lua flags=allow-key-locking..."]:1: unexpected symbol near '#'`,
  miniredis: "ERR Error compiling script (new function): <string> line:1(column:1) near '#':   parse error",
  "a server that knows no such line": "ERR Invalid script shebang",
};

/** What servers say once a script has run, or may have: to send it again could take twice. */
const RAN = {
  "Redis 7": "ERR user_script:12: attempt to compare nil with number script: 5f2c, on @user_script:12.",
  "Redis 6": "ERR Error running script (call to f_5f2c): @user_script:12: user_script:12: attempt to call a nil value",
  "a write that was refused":
    "OOM command not allowed when used memory > 'maxmemory'. script: 5f2c, on @user_script:9.",
  "miniredis, of an error at run time":
    "ERR Error compiling script (new function): <string>:12: attempt to call a nil value",
  Garnet: `ERR [string "#!lua flags=allow-key-locking..."]:12: attempt to compare nil with number`,
  "Upstash, with a key":
    "ERR Dynamic keys are not allowed in Lua scripts when 'allow-key-locking' flag is set. Key was: Unexpected flag",
  "a key in quotes": "ERR user_script:12: no 'Unexpected flag in script shebang near '#'",
  "a client that quotes the command": 'ERR timeout, command was: ["eval","Unexpected flag in script shebang"]',
  "no Redis at all": "socket hang up",
};

/** A client on which a script with the flags line answers with that error, and one without it runs. */
const refusing = (text: string) =>
  recorded({
    ...ioredisClient(redis),
    async eval(script, keys, args) {
      if (script.startsWith(FLAGS)) throw new Error(text);
      return ioredisClient(redis).eval(script, keys, args);
    },
  });

test.each(Object.entries(REFUSALS))(
  "a server that refuses the flags line is sent none again: %s",
  async (_name, said) => {
    for (const text of [said, `${said}, command was: ["eval","…"]`]) {
      await redis.script("FLUSH");
      const { client, calls } = refusing(text);
      const limiter = limiterOn(client);
      const answers = [];
      for (let i = 0; i < 6; i += 1) answers.push(await limiter.consume("k"));
      expect(answers.map(({ allowed }) => allowed)).toEqual([true, true, true, true, true, false]);
      expect(new Set(answers.map(({ source }) => source))).toEqual(new Set(["store"]));
      expect(calls.slice(0, 5)).toEqual(["evalsha flagged", "eval flagged", "evalsha", "eval", "evalsha"]);
      expect(calls.slice(5)).not.toContain("evalsha flagged");
    }
  },
);

test.each(Object.entries(RAN))("a script that may have run is not sent again: %s", async (_name, said) => {
  const { client, calls } = refusing(said);
  const limiter = limiterOn(client);
  expect(await limiter.consume("k")).toMatchObject({ source: "fallback", allowed: false });
  expect(calls).toEqual(["evalsha flagged", "eval flagged"]);
  await limiter.consume("k");
  expect(calls.slice(2)).toEqual(["evalsha flagged", "eval flagged"]);
});

test("@upstash/redis puts words of its own before Redis's where it has sent commands together", async () => {
  const plain = ioredisClient(redis);
  const prefaced = <T>(task: Promise<T>) =>
    task.catch((error: Error): never => {
      throw new Error(`Command failed: ${error.message}`);
    });
  await redis.script("FLUSH");
  const limiter = limiterOn({
    del: plain.del,
    evalsha: (sha1, keys, args) => prefaced(plain.evalsha(sha1, keys, args)),
    eval: (script, keys, args) => prefaced(plain.eval(script, keys, args)),
  });
  expect(await limiter.consume("k")).toMatchObject({ source: "store", remaining: 4 });
});

test("where the flag is taken, only flagged scripts are sent", async () => {
  // Upstash's part, over this Redis: the flags line is taken, and the digest is that of the whole text.
  const plain = ioredisClient(redis);
  const loaded = new Map<string, string>();
  const { client, calls } = recorded({
    ...plain,
    async evalsha(sha1, keys, args) {
      const known = loaded.get(sha1);
      if (!known) throw new Error("ERR NOSCRIPT No matching script. Please use EVAL.");
      return plain.evalsha(known, keys, args);
    },
    async eval(script, keys, args) {
      const text = script.replace(`${FLAGS}\n`, "");
      for (const { script } of Object.values(PROGRAMS))
        if (script.text === text) loaded.set(script.flaggedSha1, script.sha1);
      return plain.eval(text, keys, args);
    },
  });
  const limiter = limiterOn(client);
  await limiter.consume("k");
  expect(await limiter.consume("k")).toMatchObject({ remaining: 3 });
  expect(calls).toEqual(["evalsha flagged", "eval flagged", "evalsha flagged"]);
});

describe.each(Object.keys(POLICIES))("%s", (name) => {
  const place = (prefix: string) => `${prefix}:${PROGRAMS[name]?.kind}:k`;

  test.each([
    ["text", "hello"],
    ["nothing", ""],
    ["twelve bytes of text", "hello, world"],
    ["the length of a state, all ones", Buffer.alloc(12, 0xff)],
    ["the length of a long state, all ones", Buffer.alloc(20, 0xff)],
    ["the length of a set's state, all ones", Buffer.alloc(6 + 7 * 4, 0xff)],
    ["the length of a state, all zeros", Buffer.alloc(12)],
    ["the length of a long state, all zeros", Buffer.alloc(20)],
    ["one byte too many", Buffer.alloc(13, 1)],
  ])("a foreign value counts as nothing used: %s", async (_title, value) => {
    const prefix = uniqueName();
    await redis.set(place(prefix), value);
    const limiter = limiterOn(ioredisClient(redis), name, prefix);
    expect(await limiter.consume("k")).toMatchObject({ allowed: true, remaining: 4, source: "store" });
    expect(await limiter.consume("k")).toMatchObject({ allowed: true, remaining: 3, source: "store" });
  });

  test("any bytes in its place are answered or told as an error, and reset mends them", async () => {
    const prefix = uniqueName();
    const limiter = limiterOn(ioredisClient(redis), name, prefix);
    for (let i = 0; i < 300; i += 1) {
      const bytes = crypto.getRandomValues(new Uint8Array([12, 20, 34][i % 3] ?? 0));
      // The time of a real state, so that its counts are read.
      if (i % 2 === 0) new DataView(bytes.buffer).setBigUint64(0, BigInt(clock.ms) << 16n);
      await redis.set(place(prefix), Buffer.from(bytes));
      const answer = await limiter.consume("k");
      // Counts beyond 2^53 are no state's: there is nothing to conclude from them.
      if (answer.source === "fallback") expect(answer.error).toMatchObject({ kind: "reply" });
      else expect(answer.retryAfterMs).toBeGreaterThanOrEqual(0);
      await limiter.reset("k");
      expect(await limiter.peek("k")).toMatchObject({ allowed: true, remaining: 5, resetAfterMs: 0 });
    }
  });

  test("a key of another type is an error, told without its name", async () => {
    const prefix = uniqueName();
    await redis.rpush(place(prefix), "a");
    const { client, calls } = recorded(ioredisClient(redis));
    const limiter = limiterOn(client, name, prefix);
    await limiter.consume("other");
    calls.length = 0;
    const answer = await limiter.consume("k");
    expect(answer).toMatchObject({ allowed: false, source: "fallback", error: { kind: "reply" } });
    expect(answer.source === "fallback" && answer.error.message).not.toContain(prefix);
    expect(calls).toEqual(["evalsha"]);
  });
});

describe("replies that make no sense", () => {
  test.each([
    ["nothing", null],
    ["text", "OK"],
    ["too few numbers", [1]],
    ["too many numbers", [1, 5, 0, 0]],
    ["no numbers", ["a", "b", "c"]],
    ["neither allowed nor denied", [2, 5, 0]],
    ["below zero", [1, 5, -1]],
    ["fractions", [1, 5, 0.5]],
  ])("%s", async (_title, reply) => {
    const answering = async () => reply;
    const client = { evalsha: answering, eval: answering, del: answering };
    const answer = await limiterOn(client).consume("k");
    expect(answer).toMatchObject({ source: "fallback", error: { kind: "reply" } });
    expect(answer.source === "fallback" && answer.error).toBeInstanceOf(StoreError);
  });

  test("numbers written as text are taken", async () => {
    const client = {
      evalsha: async () => ["1", `${clock.ms}`, "86400000"],
      eval: async () => null,
      del: async () => 0,
    };
    expect(await limiterOn(client).consume("k")).toMatchObject({ allowed: true, remaining: 4 });
  });
});
