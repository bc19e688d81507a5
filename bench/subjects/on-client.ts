import { Ratelimit } from "@upstash/ratelimit";
import { RedisStore } from "hono-rate-limiter";
import type { overTcp } from "../lib/over-tcp.ts";

type Client = ReturnType<typeof overTcp>;
type Options = ConstructorParameters<typeof Ratelimit>[0];

/** @upstash/ratelimit on any client that has its methods. */
export function ratelimit(client: unknown, limiter: Options["limiter"], options: Partial<Options> = {}): Ratelimit {
  return new Ratelimit({ redis: client as Options["redis"], limiter, ...options });
}

/** hono-rate-limiter's Redis store, without the middleware around it: less work than its users have. */
export function honoStore(client: Pick<Client, "evalsha" | "scriptLoad">, windowMs: number): RedisStore {
  const store = new RedisStore({ client: client as never });
  store.init({ windowMs } as never);
  return store;
}
