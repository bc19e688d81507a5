/** What a check takes beside the identifier. */
export interface LimitOptions {
  /** Where the request came from, for analytics. */
  geo?: Geo;
  /** What the request costs, a whole number; below 0 it gives back, never beyond a whole quota. Default 1. */
  rate?: number;
  /** Denied with `enableProtection` if it is on the deny list. */
  ip?: string;
  /** Denied with `enableProtection` if it is on the deny list. */
  userAgent?: string;
  /** Denied with `enableProtection` if it is on the deny list. */
  country?: string;
}

/** Where a request came from, as Vercel and Cloudflare tell it. */
export interface Geo {
  country?: string;
  city?: string;
  region?: string;
  ip?: string;
}

/** What limiters for one database and for several take. */
export interface SharedConfig {
  /** Stands before every key. Default `"@upstash/ratelimit"`. */
  prefix?: string;
  /**
   * `false`: every check asks Redis. Else this isolate denies by itself what it knows Redis would deny. A map of yours keeps that beyond this
   * limiter, for those made anew for each request. Default: memory of its own.
   */
  ephemeralCache?: Map<string, number> | false;
  /** Ms after which a request passes if Redis has not answered; 0: never. Default 5000. */
  timeout?: number;
  /** Whether `Analytics` counts the checks, behind the response. Default `false`. */
  analytics?: boolean;
  /** Taken, and without effect: scripts are always called by their digest. */
  cacheScripts?: boolean;
  /** Taken, and without effect: nothing is told to anybody. */
  enableTelemetry?: boolean;
  /**
   * Whether the limit that `setDynamicLimit` sets stands in place of the algorithm's own: one command more in each check, in the same
   * request. Default `false`.
   */
  dynamicLimits?: boolean;
}
