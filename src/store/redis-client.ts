/**
 * What a Redis client must offer, shaped as in `@upstash/redis`. A client of any make will do that sends each command once:
 * what it sends again, as after a lost answer, counts twice.
 */
export interface RedisClient {
  evalsha(sha1: string, keys: string[], args: string[]): Promise<unknown>;
  eval(script: string, keys: string[], args: string[]): Promise<unknown>;
  del(key: string): Promise<unknown>;
  /** The same client with requests that end when `signal` does. Without it, a late request is left alone. */
  withSignal?(signal: AbortSignal): RedisClient;
}
