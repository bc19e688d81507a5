import type { TestProject } from "vitest/node";
import { createRedisRest } from "../src/server/rest/server.ts";

declare module "vitest" {
  interface ProvidedContext {
    redisUrl: string;
    restUrl: string;
    restToken: string;
  }
}

/** One Redis, and one REST server in front of it, for all test files; each keeps to keys of its own. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const rest = await createRedisRest({ install: true, say: (line) => project.vitest.logger.log(line) });
  project.provide("redisUrl", rest.redisUrl);
  project.provide("restUrl", rest.url);
  project.provide("restToken", rest.token);
  return () => rest.close();
}
