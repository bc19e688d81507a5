import { Redis, type RedisConfigNodejs } from "@upstash/redis";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createRedisRest, type RedisRest } from "../../../src/server/rest/server.ts";

let rest: RedisRest;

beforeAll(async () => {
  rest = await createRedisRest();
});
afterAll(() => rest?.close());

const connect = (config: Partial<RedisConfigNodejs> = {}) =>
  new Redis({ url: rest.url, token: rest.token, retry: false, ...config });

type Step = readonly [name: string, run: (redis: Redis) => Promise<unknown>, expected: unknown];

const bytes = (text: string) => new TextEncoder().encode(text).length;

/** By family, in order: later steps build on what earlier ones wrote. */
const families: Record<string, readonly Step[]> = {
  strings: [
    ["set", (r) => r.set("s", "grüße"), "OK"],
    ["set nx", (r) => r.set("s", "x", { nx: true }), null],
    ["set get ex", (r) => r.set("s", "two", { get: true, ex: 100 }), "grüße"],
    ["append", (r) => r.append("s", "🌊"), 3 + bytes("🌊")],
    ["get", (r) => r.get("s"), "two🌊"],
    ["getrange", (r) => r.getrange("s", 0, 2), "two"],
    ["setrange", (r) => r.setrange("s", 0, "TWO"), 7],
    ["strlen", (r) => r.strlen("s"), 7],
    ["getset", (r) => r.getset("s", { a: [1, null, "x"] }), "TWO🌊"],
    ["get object", (r) => r.get("s"), { a: [1, null, "x"] }],
    ["mset", (r) => r.mset({ m1: 1, m2: "b" }), "OK"],
    ["msetnx", (r) => r.msetnx({ m1: 2, m3: 3 }), 0],
    ["mget", (r) => r.mget("m1", "m2", "m3"), [1, "b", null]],
    ["incr", (r) => r.incr("m1"), 2],
    ["incrby", (r) => r.incrby("m1", 40), 42],
    ["incrbyfloat", (r) => r.incrbyfloat("m1", 0.5), 42.5],
    ["decr", (r) => r.decr("d"), -1],
    ["decrby", (r) => r.decrby("d", 9), -10],
    ["setex", (r) => r.setex("e", 100, "x"), "OK"],
    ["psetex", (r) => r.psetex("e", 100_000, "x"), "OK"],
    ["setnx", (r) => r.setnx("e", "x"), 0],
    ["getex", (r) => r.getex("e", { persist: true }), "x"],
    ["ttl", (r) => r.ttl("e"), -1],
    ["getdel", (r) => r.getdel("e"), "x"],
  ],
  keys: [
    ["set", (r) => r.set("k", 1), "OK"],
    ["expire", (r) => r.expire("k", 100), 1],
    ["pexpire", (r) => r.pexpire("k", 100_000), 1],
    ["expireat", (r) => r.expireat("k", 4_000_000_000), 1],
    ["pexpireat", (r) => r.pexpireat("k", 4_000_000_000_000), 1],
    ["persist", (r) => r.persist("k"), 1],
    ["pttl", (r) => r.pttl("k"), -1],
    ["copy", (r) => r.copy("k", "k2"), "COPIED"],
    ["exists", (r) => r.exists("k", "k2", "k3"), 2],
    ["touch", (r) => r.touch("k", "k3"), 1],
    ["rename", (r) => r.rename("k2", "k3"), "OK"],
    ["renamenx", (r) => r.renamenx("k3", "k"), 0],
    ["type", (r) => r.type("k"), "string"],
    ["keys", async (r) => (await r.keys("k*")).sort(), ["k", "k3"]],
    ["scan", async (r) => (await r.scan(0, { match: "k*", count: 1000 }))[1].sort(), ["k", "k3"]],
    ["dbsize", (r) => r.dbsize(), 2],
    ["randomkey", async (r) => ["k", "k3"].includes((await r.randomkey()) as string), true],
    ["unlink", (r) => r.unlink("k3"), 1],
    ["del", (r) => r.del("k"), 1],
    ["ping", (r) => r.ping(), "PONG"],
    ["echo", (r) => r.echo("ho"), "ho"],
    ["time", async (r) => (await r.time()).length, 2],
  ],
  hashes: [
    ["hset", (r) => r.hset("h", { a: 1, b: "zwei", c: { n: 3 } }), 3],
    ["hget", (r) => r.hget("h", "c"), { n: 3 }],
    ["hgetall", (r) => r.hgetall("h"), { a: 1, b: "zwei", c: { n: 3 } }],
    ["hgetall none", (r) => r.hgetall("none"), null],
    ["hmget", (r) => r.hmget("h", "a", "x"), { a: 1, x: null }],
    ["hmset", (r) => r.hmset("h", { d: 4 }), "OK"],
    ["hsetnx", (r) => r.hsetnx("h", "d", 5), 0],
    ["hincrby", (r) => r.hincrby("h", "a", 9), 10],
    ["hincrbyfloat", (r) => r.hincrbyfloat("h", "a", 0.5), 10.5],
    ["hexists", (r) => r.hexists("h", "a"), 1],
    ["hkeys", (r) => r.hkeys("h"), ["a", "b", "c", "d"]],
    ["hvals", (r) => r.hvals("h"), [10.5, "zwei", { n: 3 }, 4]],
    ["hlen", (r) => r.hlen("h"), 4],
    ["hstrlen", (r) => r.hstrlen("h", "b"), 4],
    ["hrandfield", async (r) => Object.keys((await r.hrandfield("h", 4, true)) as object).sort(), ["a", "b", "c", "d"]],
    ["hscan", async (r) => (await r.hscan("h", 0))[1].length, 8],
    ["hdel", (r) => r.hdel("h", "a", "x"), 1],
  ],
  lists: [
    ["rpush", (r) => r.rpush<unknown>("l", "a", 2, { c: 3 }), 3],
    ["lpush", (r) => r.lpush("l", "z"), 4],
    ["rpushx", (r) => r.rpushx("none", "z"), 0],
    ["lpushx", (r) => r.lpushx("none", "z"), 0],
    ["lrange", (r) => r.lrange("l", 0, -1), ["z", "a", 2, { c: 3 }]],
    ["lindex", (r) => r.lindex("l", 1), "a"],
    ["linsert", (r) => r.linsert("l", "before", "a", "y"), 5],
    ["llen", (r) => r.llen("l"), 5],
    ["lpos", (r) => r.lpos("l", "a"), 2],
    ["lset", (r) => r.lset("l", 0, "first"), "OK"],
    ["lrem", (r) => r.lrem("l", 1, "y"), 1],
    ["ltrim", (r) => r.ltrim("l", 0, 2), "OK"],
    ["lmove", (r) => r.lmove("l", "l2", "left", "right"), "first"],
    ["lmpop", (r) => r.lmpop(2, ["none", "l"], "LEFT", 1), ["l", ["a"]]],
    ["lpop", (r) => r.lpop("l"), 2],
    ["rpop", (r) => r.rpop("l2"), "first"],
  ],
  sets: [
    ["sadd", (r) => r.sadd<unknown>("x", "a", "b", 3), 3],
    ["sadd other", (r) => r.sadd("y", "b", "c"), 2],
    ["scard", (r) => r.scard("x"), 3],
    ["sismember", (r) => r.sismember("x", "a"), 1],
    ["smismember", (r) => r.smismember("x", ["a", "q"]), [1, 0]],
    ["smembers", async (r) => new Set(await r.smembers("x")), new Set(["a", "b", 3])],
    ["sinter", (r) => r.sinter("x", "y"), ["b"]],
    ["sintercard", (r) => r.sintercard(["x", "y"]), 1],
    ["sinterstore", (r) => r.sinterstore("i", "x", "y"), 1],
    ["sdiff", async (r) => new Set(await r.sdiff("x", "y")), new Set(["a", 3])],
    ["sdiffstore", (r) => r.sdiffstore("i", "x", "y"), 2],
    ["sunion", async (r) => (await r.sunion("x", "y")).length, 4],
    ["sunionstore", (r) => r.sunionstore("i", "x", "y"), 4],
    ["smove", (r) => r.smove("x", "y", "a"), 1],
    ["srandmember", (r) => r.srandmember("none"), null],
    ["sscan", async (r) => (await r.sscan("y", 0))[1].length, 3],
    ["spop", async (r) => ["b", 3].includes((await r.spop("x")) as string), true],
    ["srem", (r) => r.srem("y", "a", "q"), 1],
  ],
  "sorted sets": [
    ["zadd", (r) => r.zadd("z", { score: 1, member: "a" }, { score: 2.5, member: "b" }, { score: 3, member: "c" }), 3],
    ["zincrby", (r) => r.zincrby("z", 1, "a"), 2],
    ["zscore", (r) => r.zscore("z", "b"), 2.5],
    ["zmscore", (r) => r.zmscore("z", ["a", "q"]), [2, null]],
    ["zrank", (r) => r.zrank("z", "b"), 1],
    ["zrevrank", (r) => r.zrevrank("z", "b"), 1],
    ["zcard", (r) => r.zcard("z"), 3],
    ["zcount", (r) => r.zcount("z", "-inf", 2.5), 2],
    ["zlexcount", (r) => r.zlexcount("z", "-", "+"), 3],
    ["zrange", (r) => r.zrange("z", 0, -1, { withScores: true }), ["a", 2, "b", 2.5, "c", 3]],
    ["zrange by score", (r) => r.zrange("z", 2.5, "+inf", { byScore: true }), ["b", "c"]],
    ["zunionstore", (r) => r.zunionstore("zu", 2, ["z", "z"]), 3],
    ["zunion", (r) => r.zunion(1, ["z"]), ["a", "b", "c"]],
    ["zinterstore", (r) => r.zinterstore("zi", 1, ["z"]), 3],
    ["zdiffstore", (r) => r.zdiffstore("zd", 2, "z", "none"), 3],
    ["zscan", async (r) => (await r.zscan("z", 0))[1].length, 6],
    ["zpopmax", (r) => r.zpopmax("z"), ["c", 3]],
    ["zpopmin", (r) => r.zpopmin("z"), ["a", 2]],
    ["zrem", (r) => r.zrem("z", "b"), 1],
    ["zremrangebyscore", (r) => r.zremrangebyscore("zu", 4, 4), 1],
    ["zremrangebyrank", (r) => r.zremrangebyrank("zu", 0, 0), 1],
    ["zremrangebylex", (r) => r.zremrangebylex("zi", "-", "+"), 3],
  ],
  streams: [
    ["xadd", (r) => r.xadd("st", "1-1", { f: "v", n: 7 }), "1-1"],
    ["xadd more", (r) => r.xadd("st", "2-1", { f: "w" }), "2-1"],
    ["xlen", (r) => r.xlen("st"), 2],
    ["xrange", (r) => r.xrange("st", "-", "+"), { "1-1": { f: "v", n: 7 }, "2-1": { f: "w" } }],
    ["xrevrange", async (r) => Object.keys(await r.xrevrange("st", "+", "-", 1)), ["2-1"]],
    ["xread", (r) => r.xread("st", "1-1"), [["st", [["2-1", ["f", "w"]]]]]],
    ["xgroup", (r) => r.xgroup("st", { type: "CREATE", group: "g", id: "0" }), "OK"],
    ["xreadgroup", (r) => r.xreadgroup("g", "me", "st", ">", { count: 1 }), [["st", [["1-1", ["f", "v", "n", 7]]]]]],
    ["xpending", async (r) => (await r.xpending("st", "g", "-", "+", 10)).length, 1],
    ["xclaim", async (r) => Object.keys((await r.xclaim("st", "g", "you", 0, "1-1")) as object).length, 1],
    ["xautoclaim", async (r) => ((await r.xautoclaim("st", "g", "me", 0, "0")) as unknown[])[0], "0-0"],
    ["xinfo", async (r) => ((await r.xinfo("st", { type: "GROUPS" })) as unknown[]).length, 1],
    ["xack", (r) => r.xack("st", "g", "1-1"), 1],
    ["xdel", (r) => r.xdel("st", "1-1"), 1],
    ["xtrim", (r) => r.xtrim("st", { strategy: "MAXLEN", threshold: 0, exactness: "=" }), 1],
  ],
  geo: [
    ["geoadd", (r) => r.geoadd("geo", { longitude: 13.361389, latitude: 38.115556, member: "Palermo" }), 1],
    ["geoadd more", (r) => r.geoadd("geo", { longitude: 15.087269, latitude: 37.502669, member: "Catania" }), 1],
    ["geodist", (r) => r.geodist("geo", "Palermo", "Catania", "KM"), 166.2742],
    ["geohash", (r) => r.geohash("geo", "Palermo"), ["sqc8b49rny0"]],
    ["geopos", async (r) => Math.round((await r.geopos("geo", "Palermo"))[0]?.lng as number), 13],
    [
      "geosearch",
      async (r) =>
        (
          await r.geosearch(
            "geo",
            { type: "FROMMEMBER", member: "Palermo" },
            { type: "BYRADIUS", radius: 10, radiusType: "KM" },
            "ASC",
          )
        ).map(({ member }) => member),
      ["Palermo"],
    ],
    [
      "geosearchstore",
      (r) =>
        r.geosearchstore(
          "near",
          "geo",
          { type: "FROMMEMBER", member: "Palermo" },
          { type: "BYRADIUS", radius: 500, radiusType: "KM" },
          "ASC",
        ),
      2,
    ],
  ],
  bitmaps: [
    ["setbit", (r) => r.setbit("bit", 7, 1), 0],
    ["getbit", (r) => r.getbit("bit", 7), 1],
    ["bitcount", (r) => r.bitcount("bit", 0, -1), 1],
    ["bitpos", (r) => r.bitpos("bit", 1), 7],
    ["bitop", (r) => r.bitop("not", "nib", "bit"), 1],
    // Not through an auto-pipelining client: it hands out no chain.
    [
      "bitfield",
      () => connect({ enableAutoPipelining: false }).bitfield("bit").incrby("u8", 0, 4).get("u8", 0).exec(),
      [5, 5],
    ],
  ],
  hyperloglog: [
    ["pfadd", (r) => r.pfadd("pf", "a", "b"), 1],
    ["pfcount", (r) => r.pfcount("pf"), 2],
    ["pfmerge", (r) => r.pfmerge("pf2", "pf"), "OK"],
  ],
  scripts: [
    ["eval", (r) => r.eval("return {KEYS[1], ARGV[1], 7}", ["k"], ["grüße"]), ["k", "grüße", 7]],
    ["evalRo", (r) => r.evalRo("return redis.call('GET', KEYS[1])", ["none"], []), null],
    ["scriptLoad", (r) => r.scriptLoad("return 1"), "e0e1f9fabfc9d4800c877a703b823ac0578ff8db"],
    ["scriptExists", (r) => r.scriptExists("e0e1f9fabfc9d4800c877a703b823ac0578ff8db", "0"), [1, 0]],
    ["evalsha", (r) => r.evalsha("e0e1f9fabfc9d4800c877a703b823ac0578ff8db", [], []), 1],
    ["evalshaRo", (r) => r.evalshaRo("e0e1f9fabfc9d4800c877a703b823ac0578ff8db", [], []), 1],
    ["scriptFlush", (r) => r.scriptFlush(), "OK"],
    ["createScript", (r) => r.createScript<string>("return ARGV[1] .. '!'").exec([], ["hey"]), "hey!"],
    ["createScript readonly", (r) => r.createScript<number, true>("return 9", { readonly: true }).exec([], []), 9],
  ],
  functions: [
    [
      "load",
      (r) =>
        r.functions.load({
          code: "#!lua name=lib\nredis.register_function{function_name='f', callback=function(k, a) return a[1] end, flags={'no-writes'}}",
        }),
      "lib",
    ],
    ["list", async (r) => (await r.functions.list()).map(({ libraryName }) => libraryName), ["lib"]],
    ["call", (r) => r.functions.call("f", [], ["x"]), "x"],
    ["callRo", (r) => r.functions.callRo("f", [], ["y"]), "y"],
    ["stats", async (r) => Object.values((await r.functions.stats()).engines)[0]?.functionsCount, 1],
    ["delete", (r) => r.functions.delete("lib"), "OK"],
    ["flush", (r) => r.functions.flush(), "OK"],
  ],
  transactions: [
    ["pipeline", (r) => r.pipeline().set("t", 1).incr("t").get("t").exec(), ["OK", 2, 2]],
    ["multi", (r) => r.multi().incr("t").hset("th", { a: 1 }).hgetall("th").exec(), [3, 1, { a: 1 }]],
    ["auto-pipeline", (r) => Promise.all([r.incr("t"), r.get("none"), r.incr("t")]), [4, null, 5]],
  ],
  publish: [["publish", (r) => r.publish("nobody", "x"), 0]],
};

describe.each([
  ["as it comes", {}],
  ["without base64", { responseEncoding: false }],
  ["without auto-pipelining", { enableAutoPipelining: false }],
] as const)("@upstash/redis %s", (_, config) => {
  beforeEach(() => connect().flushall());

  test.each(Object.entries(families))("%s", async (_, steps) => {
    const redis = connect(config);
    for (const [name, run, expected] of steps) expect(await run(redis), name).toEqual(expected);
  });
});

test("read-your-writes: concurrent writes change the client's token one by one, 20 of 20", async () => {
  for (let round = 0; round < 20; round += 1) {
    const redis = connect({ enableAutoPipelining: false });
    // As the client's own suite looks at it.
    const token = () => (redis as unknown as { client: { upstashSyncToken: string } }).client.upstashSyncToken;
    let last = token();
    const write = async (n: number) => {
      await redis.set(`key-${n}`, n);
      expect(token()).not.toBe(last);
      last = token();
    };
    await Promise.all([1, 2, 3].map(write));
  }
});

test("what a newer Redis has is there or is refused in its words", async () => {
  const redis = connect({ enableAutoPipelining: false });
  await redis.flushall();
  await redis.hset("h", { a: 1, b: 2 });
  const newer: [string, () => Promise<unknown>, unknown][] = [
    ["HEXPIRE", () => redis.hexpire("h", "a", 100), [1]],
    ["HGETDEL", () => redis.hgetdel("h", "b"), { b: 2 }],
    ["JSON.SET", () => redis.json.set("doc", "$", { a: 1 }), "OK"],
  ];
  for (const [name, run, expected] of newer) {
    const response = await fetch(`${rest.url}/command/info/${name}?_token=${rest.token}`);
    const { result } = (await response.json()) as { result: unknown[] };
    if (result[0] === null) await expect(run()).rejects.toThrow(new RegExp(`ERR unknown command .${name}`, "i"));
    else expect(await run()).toEqual(expected);
  }
});

describe("values", () => {
  const values: [string, unknown][] = [
    ["empty", ""],
    ["OK", "OK"],
    ["Unicode", "grüße 🌊 日本 \u0000 \u2028 \ud83d\ude00"],
    ["quotes and newlines", '"a"\\n\n\r\t'],
    ["what looks like base64", "T0s="],
    ["1 MB", "ü🌊x".repeat(150_000)],
    ["deep", { a: [{ b: { c: [1, "2", null, true] } }] }],
    ["a number that does not round-trip", "90071992547409930"],
  ];

  test.each(values)("%s comes back as it went", async (_, value) => {
    for (const config of [{}, { responseEncoding: false }, { enableAutoPipelining: false }] as const) {
      const redis = connect(config);
      await redis.set("v", value);
      expect(await redis.get("v")).toEqual(value);
      expect(await redis.mget("v", "none", "v")).toEqual([value, null, value]);
      expect(await redis.pipeline().get("v").exec()).toEqual([value]);
    }
  });

  test("without deserialization everything is the text that is stored", async () => {
    const redis = connect({ automaticDeserialization: false });
    await redis.set("n", 7);
    await redis.hset("o", { a: '{"b":1}', c: "1" });
    expect(await redis.get("n")).toBe("7");
    expect(await redis.hget("o", "a")).toBe('{"b":1}');
    expect(await redis.incr("n")).toBe(8);
    expect(await redis.lrange("none", 0, -1)).toEqual([]);
  });

  test("a client that reads its writes gets a new sync token with each write", async () => {
    const redis = connect({ readYourWrites: true, enableAutoPipelining: false });
    const client = redis as unknown as { client: { upstashSyncToken: string } };
    const tokens = new Set<string>();
    for (let i = 0; i < 3; i += 1) {
      await redis.set("a", i);
      tokens.add(client.client.upstashSyncToken);
    }
    expect(tokens.size).toBe(3);
    expect(tokens.has("")).toBe(false);
  });
});
