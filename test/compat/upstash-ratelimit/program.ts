// Everything of the package that a program can name, used as its types allow; types.test.ts compiles it for both packages.
import {
  type Algorithm,
  Analytics,
  type AnalyticsConfig,
  type Duration,
  IpDenyList,
  MultiRegionRatelimit,
  type MultiRegionRatelimitConfig,
  Ratelimit,
  type RatelimitConfig,
} from "@upstash/ratelimit";
import { Redis } from "@upstash/redis";
import { Redis as WorkersRedis } from "@upstash/redis/cloudflare";

const redis = Redis.fromEnv({ retry: { retries: 0 } });
const window: Duration = "10 s";
const windows: Duration[] = ["1ms", "2 m", "3h", "4 d", "5w", `${6} s`];
const cache = new Map<string, number>();

const config: RatelimitConfig = {
  redis: new WorkersRedis({ url: "https://example.com", token: "token" }),
  limiter: Ratelimit.slidingWindow(10, window),
  prefix: "program",
  ephemeralCache: cache,
  timeout: 1000,
  analytics: true,
  cacheScripts: true,
  enableProtection: true,
  denyListThreshold: 6,
  dynamicLimits: true,
  enableTelemetry: false,
};

const algorithms = [
  Ratelimit.fixedWindow(10, "10 s"),
  Ratelimit.tokenBucket(5, "10 s", 10),
  Ratelimit.cachedFixedWindow(10, "10 s"),
];

const several: MultiRegionRatelimitConfig = {
  redis: [redis, Redis.fromEnv()],
  limiter: MultiRegionRatelimit.slidingWindow(10, window),
  prefix: "program",
  ephemeralCache: false,
  timeout: 0,
  analytics: false,
  cacheScripts: false,
  dynamicLimits: false,
  enableTelemetry: false,
};

const overAll: MultiRegionRatelimitConfig["limiter"] = () => ({
  async limit(ctx, identifier, rate = 1) {
    const used = await Promise.all(
      ctx.regionContexts.map((each) => each.redis.incrby(`${each.prefix}:${identifier}`, rate)),
    );
    return { success: Math.max(...used) < 3, limit: 3, remaining: 0, reset: 0, pending: Promise.resolve() };
  },
  getRemaining: async () => ({ remaining: 1, reset: 1, limit: 1 }),
  resetTokens: async (ctx, identifier) => ctx.cache?.pop(identifier),
});

const own: RatelimitConfig["limiter"] = () => ({
  async limit(ctx, identifier, rate = 1, opts) {
    const used = (opts?.cache ?? ctx.cache)?.incr(identifier, rate) ?? rate;
    const known = ctx.cache?.isBlocked(identifier);
    if (known?.blocked)
      return { success: false, limit: 1, remaining: 0, reset: known.reset, pending: Promise.resolve() };
    await ctx.redis.get<string>(`${ctx.prefix}:${identifier}`);
    return {
      success: used < 3,
      limit: 3,
      remaining: 3 - used,
      reset: 0,
      pending: Promise.resolve(),
      reason: "cacheBlock",
    };
  },
  getRemaining: async () => ({ remaining: 1, reset: 1, limit: 1 }),
  resetTokens: async (ctx, identifier) => ctx.cache?.pop(identifier),
});

class Named extends Ratelimit {
  name(): string {
    return `${this.prefix} ${this.timeout} ${this.dynamicLimits} ${this.enableProtection} ${this.denyListThreshold}`;
  }
  cached(): number {
    return this.ctx.cache?.size() ?? 0;
  }
}

export async function program(): Promise<unknown[]> {
  const ratelimit = new Ratelimit(config);
  const everywhere = new MultiRegionRatelimit({ ...several, limiter: MultiRegionRatelimit.fixedWindow(1, "1 m") });
  const alike: Awaited<ReturnType<typeof ratelimit.limit>> = await everywhere.limit("a", { rate: 2 });
  await new MultiRegionRatelimit({ ...several, limiter: overAll }).getRemaining("a");
  const { limit, blockUntilReady, getRemaining, resetUsedTokens, setDynamicLimit, getDynamicLimit } = ratelimit;
  const geo = { country: "DE", city: "Bonn", region: "NW", ip: "192.0.2.1" };
  const response = await limit("a", { rate: 2, geo, ip: "192.0.2.1", userAgent: "any", country: "DE" });
  const { success, remaining, reset, pending, reason, deniedValue } = response;
  const told: "timeout" | "cacheBlock" | "denyList" | undefined = reason;
  const value: string | undefined = deniedValue;
  const numbers: number[] = [response.limit, remaining, reset];
  const passes: boolean = success;
  const ready: typeof response = await blockUntilReady("a", 1000);
  const left: { remaining: number; reset: number; limit: number } = await getRemaining("a");
  const nothing: undefined[] = [await resetUsedTokens("a"), await setDynamicLimit({ limit: 5 })] as undefined[];
  await setDynamicLimit({ limit: false });
  const { dynamicLimit } = await getDynamicLimit();
  const dynamic: number | null = dynamicLimit;
  await pending;

  const where: AnalyticsConfig = { redis, prefix: "program" };
  const analytics = new Analytics(where);
  await analytics.record({ identifier: "a", time: 1, success: "denied", ...analytics.extractGeo({ geo }) });
  const { a } = await analytics.getUsage(0);
  const usage: number = (a?.success ?? 0) + (a?.blocked ?? 0);
  const [first] = await analytics.series("country", 0);
  const [second] = await analytics.getUsageOverTime(24, "identifier");
  const times: (number | undefined)[] = [first?.time, second?.time];
  const { allowed, ratelimited, denied } = await analytics.getMostAllowedBlocked(24, 10, 50);
  const counts: number[] = [...allowed, ...ratelimited, ...denied].map(({ count }) => count);
  const replies: unknown[] = [
    ...(await IpDenyList.updateIpDenyList(redis, "program", 6, 1000)),
    ...(await IpDenyList.disableIpDenyList(redis, "program")),
    new IpDenyList.ThresholdError(9).message,
  ];
  const algorithm: Algorithm<Parameters<ReturnType<typeof own>["limit"]>[0]> = own;
  const named = new Named({ redis, limiter: algorithm, ephemeralCache: false });
  return [
    told,
    alike,
    value,
    numbers,
    passes,
    ready,
    left,
    nothing,
    dynamic,
    usage,
    times,
    counts,
    replies,
    named,
    windows,
    algorithms,
  ];
}
