import type { WaitUntil } from "sluice";

/** Who is measured; a bare request is `fetch` with nothing around it, below which no limiter over REST can come. */
export type Library =
  | "sluice"
  | "sluice, pipeline"
  | "sluice, leases"
  | "@upstash/ratelimit"
  | "hono-rate-limiter"
  | "rate-limiter-flexible"
  | "bare request";

/** One check: whether it was allowed. */
export type Check = (key: string) => Promise<boolean>;

/** A limiter of a library with the quota. */
export type Make = (endpoints: Endpoints, quota: Quota, waitUntil?: WaitUntil) => Check;

/** Where the libraries find Redis. */
export interface Endpoints {
  readonly url: string;
  readonly token: string;
  readonly redisUrl: string;
}

/** What every library is set to. */
export interface Quota {
  readonly limit: number;
  readonly windowMs: number;
}
