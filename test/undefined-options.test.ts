import type { Env } from "hono";
import {
  type AllOfOptions,
  type BreakerOptions,
  type CallOptions,
  type CheckOptions,
  type ConsumeOptions,
  createLimiter,
  type LimiterOptions,
  type MemoryStoreOptions,
  memoryStore,
  type PolicyOptions,
  type RedisStoreOptions,
  type RefundOptions,
  type ReserveOptions,
  type SnapshotOptions,
  type TokenBucketOptions,
  tokenBucket,
  type WaitOptions,
} from "sluice";
import type { AnalyticsOptions, ReadAnalyticsOptions } from "sluice/analytics";
import type { ClientOptions } from "sluice/client";
import { clientIp, type FetchRateLimitOptions, withRateLimit } from "sluice/fetch";
import type { ClientIpOptions, HonoRateLimitOptions } from "sluice/hono";
import type { OtelOptions } from "sluice/otel";
import type { UpstashClientOptions } from "sluice/upstash";
import { expect, expectTypeOf, test } from "vitest";
import { createRedisRest, type RedisRestOptions } from "../src/server/rest/server.ts";

/** The optional properties that don't take an explicit `undefined`. */
type Refusing<T> = {
  [Name in keyof T]-?: Pick<T, never> extends Pick<T, Name>
    ? Record<Name, undefined> extends Pick<T, Name>
      ? never
      : Name
    : never;
}[keyof T];

test("with exactOptionalPropertyTypes every option may be undefined", () => {
  expectTypeOf<Refusing<{ required: string; open?: string | undefined; exact?: string }>>().toEqualTypeOf<"exact">();
  expectTypeOf<Refusing<LimiterOptions & SnapshotOptions & BreakerOptions>>().toEqualTypeOf<never>();
  expectTypeOf<
    Refusing<CallOptions & CheckOptions & ConsumeOptions & RefundOptions & ReserveOptions & WaitOptions>
  >().toEqualTypeOf<never>();
  expectTypeOf<Refusing<PolicyOptions & TokenBucketOptions>>().toEqualTypeOf<never>();
  expectTypeOf<Refusing<AllOfOptions>>().toEqualTypeOf<never>();
  expectTypeOf<Refusing<AnalyticsOptions & ReadAnalyticsOptions & OtelOptions>>().toEqualTypeOf<never>();
  expectTypeOf<Refusing<MemoryStoreOptions>>().toEqualTypeOf<never>();
  expectTypeOf<Refusing<RedisStoreOptions>>().toEqualTypeOf<never>();
  expectTypeOf<Refusing<UpstashClientOptions>>().toEqualTypeOf<never>();
  expectTypeOf<Refusing<FetchRateLimitOptions<Request, unknown>>>().toEqualTypeOf<never>();
  expectTypeOf<Refusing<HonoRateLimitOptions<Env>>>().toEqualTypeOf<never>();
  expectTypeOf<Refusing<ClientOptions>>().toEqualTypeOf<never>();
  expectTypeOf<Refusing<ClientIpOptions>>().toEqualTypeOf<never>();
  expectTypeOf<Refusing<RedisRestOptions>>().toEqualTypeOf<never>();
  expectTypeOf<Refusing<NonNullable<RedisRestOptions["limits"]>>>().toEqualTypeOf<never>();
});

test("an option that is undefined has its default", async () => {
  const limiter = createLimiter({
    name: "test",
    store: memoryStore({ maxKeys: undefined, now: undefined }),
    policies: [tokenBucket({ limit: 2, window: "1 h", name: undefined, burst: undefined })],
  });
  const handler = withRateLimit(() => new Response(), {
    limiter,
    key: undefined,
    cost: undefined,
    limit: undefined,
    skip: undefined,
    headers: undefined,
    onDenied: undefined,
    refundOn: undefined,
    dryRun: undefined,
  });
  const statuses: number[] = [];
  for (let i = 0; i < 3; i += 1) statuses.push((await handler(new Request("https://api.test/"))).status);
  expect(statuses).toEqual([200, 200, 429]);
  const info = { remoteAddr: { hostname: "2001:db8::1" } };
  const options = { trust: undefined, ipv6Subnet: undefined };
  expect(clientIp(new Request("https://api.test/"), info, options)).toBe("2001:db8:0:0::/64");
});

test("limits of the REST server that are undefined have their defaults", async () => {
  const rest = await createRedisRest({ port: undefined, limits: { maxCommands: undefined } });
  try {
    const pings = async (count: number) => {
      const headers = { authorization: `Bearer ${rest.token}` };
      const body = JSON.stringify(new Array(count).fill(["PING"]));
      return (await fetch(`${rest.url}/pipeline`, { method: "POST", headers, body })).status;
    };
    expect(await pings(10_000)).toBe(200);
    expect(await pings(10_001)).toBe(413);
  } finally {
    await rest.close();
  }
});
