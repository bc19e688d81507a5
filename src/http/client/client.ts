export { type ClientOptions, createFetch } from "./create-fetch.ts";
export { retryAfterOf } from "./retry-after.ts";
export { type Spread, spread } from "./spread.ts";
