import { Redis } from "@upstash/redis/cloudflare";
import type { RedisClient } from "./redis-client.js";

export interface UpstashClientOptions {
  /** `UPSTASH_REDIS_REST_URL`, or the URL that `sluice redis-rest` prints. */
  url: string;
  /** `UPSTASH_REDIS_REST_TOKEN`. */
  token: string;
}

/**
 * An `@upstash/redis` client as a rate limiter needs it: it never retries (a consume whose answer got lost would count
 * twice), it never puts one request's command into another's HTTP request (Workers forbid that), and a check given up
 * on ends its HTTP request.
 */
export function upstashClient({ url, token }: UpstashClientOptions): RedisClient {
  // The client reads its signal while the command is being sent, before anything else can run.
  let sending: AbortSignal | undefined;
  const redis = new Redis({
    url,
    token,
    retry: { retries: 0 },
    enableAutoPipelining: false,
    enableTelemetry: false,
    readYourWrites: false,
    signal: () => sending as AbortSignal,
  });
  const client = (signal?: AbortSignal): RedisClient => {
    const send = <T>(command: () => Promise<T>): Promise<T> => {
      sending = signal;
      try {
        return command();
      } finally {
        sending = undefined;
      }
    };
    return {
      evalsha: (sha1, keys, args) => send(() => redis.evalsha(sha1, keys, args)),
      eval: (script, keys, args) => send(() => redis.eval(script, keys, args)),
      del: (key) => send(() => redis.del(key)),
      withSignal: client,
    };
  };
  return client();
}
