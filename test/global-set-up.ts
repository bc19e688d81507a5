import type { TestProject } from "vitest/node";
import { startPrivateRedis } from "../src/redis-rest/private-redis.js";

declare module "vitest" {
  interface ProvidedContext {
    redisUrl: string;
  }
}

/** One Redis for all test files; each keeps to keys of its own. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const redis = await startPrivateRedis();
  project.provide("redisUrl", redis.url);
  return () => redis.stop();
}
