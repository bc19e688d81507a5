export { type ClientOptions, createFetch } from "./create-fetch.ts";
export { retryAfterOf } from "./retry-after.ts";
