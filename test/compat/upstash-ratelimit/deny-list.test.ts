import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Redis } from "@upstash/redis";
import { Redis as TcpRedis } from "ioredis";
import { afterAll, afterEach, beforeAll, describe, expect, vi } from "vitest";
import { createRedisRest } from "../../../src/server/rest/server.ts";
import { billed } from "../../support/billed.ts";
import { both, differ, type Given, redis } from "./packages.ts";

/** Stands for the server with the public lists: level 8 has three addresses, 6 has them and two more, the others none. */
const lists = createServer((request, response) => {
  const level = /\/(\d)\.txt$/.exec(request.url ?? "")?.[1];
  if (level !== "6" && level !== "8") response.writeHead(404);
  response.end(
    level === "8" ? "192.0.2.1\n192.0.2.2\n192.0.2.3\n" : "192.0.2.1\n192.0.2.2\n192.0.2.3\n192.0.2.4\n192.0.2.5\n",
  );
});
let fetched: string[] = [];

beforeAll(async () => {
  await new Promise<void>((resolve) => lists.listen(0, "127.0.0.1", resolve));
  const { port } = lists.address() as AddressInfo;
  const real = globalThis.fetch;
  vi.stubGlobal("fetch", (input: string, init?: RequestInit) => {
    const path = /^https:\/\/raw\.githubusercontent\.com(\/stamparm\/ipsum\/.*)$/.exec(input)?.[1];
    if (!path) return real(input, init);
    fetched.push(path);
    return real(`http://127.0.0.1:${port}${path}`, init);
  });
});
afterEach(() => {
  fetched = [];
});
afterAll(() => {
  vi.unstubAllGlobals();
  lists.close();
});

const keysOf = (prefix: string) => ({
  all: `${prefix}:denyList:all`,
  addresses: `${prefix}:denyList:ipDenyList`,
  status: `${prefix}:ipDenyListStatus`,
});

const protectedBy = ({ make, Ratelimit }: Given, options = {}) =>
  make(Ratelimit.tokenBucket(10, "1 d", 10), { enableProtection: true, denyListThreshold: 8, ...options });

/** What Redis holds of the lists. */
async function stateOf(prefix: string) {
  const { all, addresses, status } = keysOf(prefix);
  const [text, life, denied, listed] = await Promise.all([
    redis.get(status),
    redis.ttl(status),
    redis.scard(all),
    redis.scard(addresses),
  ]);
  return { text, life, denied, listed };
}

describe("the deny list", () => {
  both("denies the identifier, the address, the user agent and the country that are on it", async (given) => {
    const values = ["id", "ip", "agent", "country"].map((name) => `${given.prefix} ${name}`);
    const [id, ip, userAgent, country] = values as [string, string, string, string];
    await redis.sadd(keysOf(given.prefix).all, ...(values as [string, ...string[]]));
    const { limit } = protectedBy(given);
    expect(await limit("alice")).toMatchObject({ success: true, remaining: 9 });
    for (const [deniedValue, response] of [
      [id, await limit(id)],
      [ip, await limit("bob", { ip })],
      [userAgent, await limit("bob", { userAgent, ip: "192.0.2.77" })],
      [country, await limit("bob", { country, userAgent: "any" })],
    ] as const) {
      expect(response).toMatchObject({ success: false, reason: "denyList", deniedValue, remaining: 0 });
    }
  });

  both("is one of its prefix", async (given) => {
    await redis.sadd(keysOf(`${given.prefix}-other`).all, "carol");
    expect(await protectedBy(given).limit("carol")).toMatchObject({ success: true });
  });

  both("is not looked up without the option", async (given) => {
    await redis.sadd(keysOf(given.prefix).all, `${given.prefix} dave`);
    const { limit } = protectedBy(given, { enableProtection: false });
    expect(await limit(`${given.prefix} dave`)).toMatchObject({ success: true });
    expect(await stateOf(given.prefix)).toEqual({ text: null, life: -2, denied: 1, listed: 0 });
  });

  both("is remembered for a while by an isolate that found something on it", async (given) => {
    const value = `${given.prefix} erin`;
    await redis.sadd(keysOf(given.prefix).all, value);
    const { limit } = protectedBy(given);
    expect(await limit(value)).toMatchObject({ reason: "denyList" });
    await redis.del(keysOf(given.prefix).all);
    expect(await limit("frank", { ip: value })).toMatchObject({
      success: false,
      reason: "denyList",
      limit: 0,
      reset: 0,
    });
  });

  differ(
    { theirs: "is remembered by limiters without the option, too", ours: "is remembered by its own limiter" },
    async (given) => {
      const value = `${given.prefix} grace`;
      await redis.sadd(keysOf(given.prefix).all, value);
      await protectedBy(given).limit(value);
      return given.make(given.Ratelimit.fixedWindow(1, "1 d"), { prefix: `${given.prefix}-open` }).limit(value);
    },
    {
      theirs: (response) => expect(response.success).toBe(false),
      ours: (response) => expect(response.success).toBe(true),
    },
  );

  differ(
    { theirs: "what it denies takes tokens", ours: "what it denies takes nothing" },
    async (given) => {
      const { all } = keysOf(given.prefix);
      const ratelimit = protectedBy(given);
      await redis.sadd(all, `${given.prefix} agent`);
      await ratelimit.limit("heidi", { userAgent: `${given.prefix} agent` });
      return (await ratelimit.getRemaining("heidi")).remaining;
    },
    { theirs: (left) => expect(left).toBe(9), ours: (left) => expect(left).toBe(10) },
  );

  both("goes with every algorithm, and with limits that change", async (given) => {
    const { Ratelimit, make, prefix } = given;
    const own = () => ({
      limit: async () => ({ success: true, limit: 1, remaining: 1, reset: 1, pending: Promise.resolve() }),
    });
    await redis.sadd(keysOf(prefix).all, `${prefix} agent`);
    for (const limiter of [
      Ratelimit.fixedWindow(10, "1 d"),
      Ratelimit.slidingWindow(10, "1 d"),
      Ratelimit.tokenBucket(10, "1 d", 10),
      Ratelimit.cachedFixedWindow(10, "1 d"),
      own as never,
    ]) {
      for (const dynamicLimits of [false, true]) {
        const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
        const { limit } = make(limiter, { enableProtection: true, dynamicLimits });
        expect(await limit("ivan")).toMatchObject({ success: true });
        expect(await limit("ivan", { userAgent: `${prefix} agent` })).toMatchObject({ reason: "denyList" });
        warned.mockRestore();
      }
    }
  });

  differ(
    { theirs: "costs a request of its own, and seven commands", ours: "costs no request, and five commands" },
    async (given) => {
      const rest = await createRedisRest();
      try {
        const own = new Redis({ url: rest.url, token: rest.token, enableAutoPipelining: false });
        const tcp = new TcpRedis(rest.redisUrl);
        await own.set(keysOf(given.prefix).status, "disabled");
        const { limit } = protectedBy(given, { redis: own, limiter: given.Ratelimit.slidingWindow(100, "1 d") });
        await limit("judy");
        const commands = await billed(tcp, () => limit("judy"));
        tcp.disconnect();
        const { evalsha = 0, eval: evals = 0 } = commands;
        return { requests: evalsha + evals, commands: Object.values(commands).reduce((sum, count) => sum + count, 0) };
      } finally {
        await rest.close();
      }
    },
    {
      theirs: (cost) => expect(cost).toEqual({ requests: 2, commands: 7 }),
      ours: (cost) => expect(cost).toEqual({ requests: 1, commands: 5 }),
    },
  );
});

describe("the public lists of addresses", () => {
  both("are fetched by the first check, behind its response, and denied then", async (given) => {
    const { limit } = protectedBy(given);
    const { success, pending } = await limit("alice");
    expect(success).toBe(true);
    await pending;
    expect(fetched).toEqual(["/stamparm/ipsum/master/levels/8.txt"]);
    expect(await stateOf(given.prefix)).toMatchObject({ text: "valid", denied: 3, listed: 3 });
    expect((await stateOf(given.prefix)).life).toBeGreaterThan(0);
    expect(await limit("alice", { ip: "192.0.2.2" })).toMatchObject({ success: false, deniedValue: "192.0.2.2" });
    await given.IpDenyList.disableIpDenyList(redis, given.prefix);
    expect(await limit("alice", { ip: "192.0.2.3" })).toMatchObject({ success: true });
  });

  both("are fetched once where several checks come at once", async (given) => {
    const { limit } = protectedBy(given);
    const responses = await Promise.all([limit("alice"), limit("bob")]);
    const results = await Promise.all(responses.map(({ pending }) => pending));
    expect(fetched.length).toBe(1);
    expect(results.filter((result) => result === undefined).length).toBe(1);
    const [, replies] = results.find((result) => result !== undefined) as [undefined, unknown[]];
    expect(replies).toEqual([0, 0, 3, 3, 3, "OK"]);
  });

  both("leave what was denied by hand", async (given) => {
    const { all, addresses } = keysOf(given.prefix);
    await redis.sadd(all, "192.0.2.1", "mallory");
    await given.IpDenyList.updateIpDenyList(redis, given.prefix, 8);
    expect(await stateOf(given.prefix)).toMatchObject({ text: "valid", denied: 4, listed: 2 });
    expect((await redis.smembers(addresses)).sort()).toEqual(["192.0.2.2", "192.0.2.3"]);
    await given.IpDenyList.updateIpDenyList(redis, given.prefix, 6);
    expect(await stateOf(given.prefix)).toMatchObject({ denied: 6, listed: 4 });
    await given.IpDenyList.disableIpDenyList(redis, given.prefix);
    expect(await stateOf(given.prefix)).toEqual({ text: "disabled", life: -1, denied: 2, listed: 0 });
  });

  both("are not fetched where they are disabled", async (given) => {
    await given.IpDenyList.disableIpDenyList(redis, given.prefix);
    await (await protectedBy(given).limit("alice")).pending;
    expect(fetched).toEqual([]);
    expect(await stateOf(given.prefix)).toMatchObject({ text: "disabled", listed: 0 });
  });

  both("are due again after the time that is given, or at two in the morning", async (given) => {
    await given.IpDenyList.updateIpDenyList(redis, given.prefix, 8, 5000);
    const life = await redis.pttl(keysOf(given.prefix).status);
    expect([life > 0, life <= 5000]).toEqual([true, true]);
    await given.IpDenyList.updateIpDenyList(redis, given.prefix, 8);
    const at = Date.now() + (await redis.pttl(keysOf(given.prefix).status));
    expect(Math.abs((at % 86_400_000) - 7_200_000)).toBeLessThan(10_000);
  });

  both("refuse a threshold that is none from 1 to 8", async (given) => {
    const { updateIpDenyList, ThresholdError } = given.IpDenyList;
    for (const threshold of [0, -1, 9, "6"]) {
      const error = await updateIpDenyList(redis, given.prefix, threshold as number).catch((error: Error) => error);
      expect(error).toBeInstanceOf(ThresholdError);
      expect(error).toMatchObject({ name: "ThresholdError" });
    }
    await expect(updateIpDenyList(redis, given.prefix, 7)).rejects.toThrow(/fetch/);
  });

  differ(
    {
      theirs: "a list that can't be fetched rejects pending, which ends a Node process that ignores it",
      ours: "a list that can't be fetched is due again later",
    },
    async (given) => {
      const { success, pending } = await protectedBy(given, { denyListThreshold: 7 }).limit("alice");
      expect(success).toBe(true);
      return pending.then(
        () => "resolves",
        () => "rejects",
      );
    },
    { theirs: (outcome) => expect(outcome).toBe("rejects"), ours: (outcome) => expect(outcome).toBe("resolves") },
  );

  both("may have more addresses than a script takes at once", async (given) => {
    const many = Array.from({ length: 20_000 }, (_each, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`).join("\n");
    const stubbed = globalThis.fetch;
    vi.stubGlobal("fetch", (input: string, init?: RequestInit) =>
      input.startsWith("https://raw.") ? Promise.resolve(new Response(many)) : stubbed(input, init),
    );
    try {
      await given.IpDenyList.updateIpDenyList(redis, given.prefix, 1);
      expect(await stateOf(given.prefix)).toMatchObject({ denied: 20_000, listed: 20_000 });
    } finally {
      vi.stubGlobal("fetch", stubbed);
    }
  });
});
