import { createRedisRest } from "sluice/redis-rest";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** Where the tests' Redis answers, and its token. */
    upstash: { url: string; token: string };
  }
}

/** Once for all test files: a Redis of its own, and the Upstash REST API before it, on a free port. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { url, token, close } = await createRedisRest({ install: true });
  project.provide("upstash", { url, token });
  return close;
}
