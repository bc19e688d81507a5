import * as IpDenyList from "./ip-deny-list.ts";

export type { Algorithm, RatelimitResponse } from "./algorithm.ts";
export { Analytics, type AnalyticsConfig } from "./analytics.ts";
export type { Duration } from "./duration.ts";
export { MultiRegionRatelimit, type MultiRegionRatelimitConfig } from "./multi-region-ratelimit.ts";
export { RegionRatelimit as Ratelimit, type RegionRatelimitConfig as RatelimitConfig } from "./region-ratelimit.ts";
export { IpDenyList };
