import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Redis } from "@upstash/redis";
import { afterAll, beforeAll, describe, expect, inject, vi } from "vitest";
import { both, differ, ten } from "./packages.ts";

/** A server that takes requests and never answers. */
const silent = createServer(() => {});
let silentUrl: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  silentUrl = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
});
afterAll(() => {
  silent.closeAllConnections();
  silent.close();
});

const once = { retry: { retries: 0 } } as const;

describe("a Redis that does not answer", () => {
  both("lets pass after the timeout, and says so", async (given) => {
    const redis = new Redis({ url: silentUrl, token: "any", ...once });
    const ratelimit = given.make(ten(given, "slidingWindow"), { redis, timeout: 50 });
    const { pending, ...response } = await ratelimit.limit("alice");
    expect(response).toEqual({ success: true, limit: 0, remaining: 0, reset: 0, reason: "timeout" });
    await pending;
  });

  both("is waited for without end with timeout 0", async (given) => {
    const redis = new Redis({ url: silentUrl, token: "any", ...once });
    const answered = vi.fn();
    given.make(ten(given, "slidingWindow"), { redis, timeout: 0 }).limit("alice").then(answered, answered);
    await given.make(ten(given, "slidingWindow"), { redis, timeout: 200 }).limit("alice");
    expect(answered).not.toHaveBeenCalled();
  });

  both("does not block for longer: who waits until it is ready passes after the timeout", async (given) => {
    const redis = new Redis({ url: silentUrl, token: "any", ...once });
    const ratelimit = given.make(ten(given, "slidingWindow"), { redis, timeout: 50 });
    expect(await ratelimit.blockUntilReady("alice", 10_000)).toMatchObject({ success: true, reason: "timeout" });
  });
});

describe("what the client throws is thrown", () => {
  const refused = { url: "http://127.0.0.1:1", token: "any", ...once };
  const unknown = { url: inject("restUrl"), token: "another", ...once };

  both("where nobody listens", async (given) => {
    const ratelimit = given.make(ten(given, "fixedWindow"), { redis: new Redis(refused) });
    for (const call of [() => ratelimit.limit("alice"), () => ratelimit.getRemaining("alice")]) {
      await expect(call()).rejects.toThrow(new TypeError("fetch failed"));
    }
  });

  both("where the token is none, as often as it is asked", async (given) => {
    const ratelimit = given.make(ten(given, "fixedWindow"), { redis: new Redis(unknown) });
    for (let i = 0; i < 5; i += 1) {
      const error = await ratelimit.limit("alice").catch((error: Error) => error);
      expect(error).toMatchObject({ name: "UpstashError", message: expect.stringContaining("WRONGPASS") });
    }
  });

  both("with what is looked up beside it", async (given) => {
    const redis = new Redis(refused);
    const ratelimit = given.make(ten(given, "fixedWindow"), { redis, enableProtection: true, dynamicLimits: true });
    await expect(ratelimit.limit("alice")).rejects.toThrow("fetch failed");
    await expect(ratelimit.setDynamicLimit({ limit: 1 })).rejects.toThrow("fetch failed");
    await expect(ratelimit.resetUsedTokens("alice")).rejects.toThrow();
  });

  both("but not for analytics, which fail behind the response", async (given) => {
    const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
    const failed = vi.fn(async () => Promise.reject(new Error("no analytics")));
    const redis = new Proxy(new Redis({ url: inject("restUrl"), token: inject("restToken") }), {
      get(client, name) {
        if (name === "zincrby") return failed;
        const own = Reflect.get(client, name) as (...args: unknown[]) => Promise<unknown>;
        if (name !== "evalsha") return own;
        return (sha1: string, keys: string[], args: unknown[]) =>
          keys[0]?.startsWith("sluice:analytics") ? failed() : own(sha1, keys, args);
      },
    });
    const ratelimit = given.make(ten(given, "fixedWindow"), { redis, analytics: true });
    const { success, pending } = await ratelimit.limit("alice");
    expect(success).toBe(true);
    await pending;
    expect(failed).toHaveBeenCalledOnce();
    warned.mockRestore();
  });
});

differ(
  {
    theirs: "a rate that is no whole number is for Redis to refuse",
    ours: "a rate that is no whole number is refused, and named",
  },
  async (given) => {
    const error = await given
      .make(ten(given, "fixedWindow"))
      .limit("alice", { rate: 1.5 })
      .catch((error: Error) => error);
    return `${error}`;
  },
  {
    theirs: (text) => expect(text).toContain("ERR value is not an integer"),
    ours: (text) => expect(text).toBe("RangeError: cost must be a whole number from 0 to 9007199254740991, not 1.5"),
  },
);
