import { Redis } from "ioredis";
import { OVER_REST } from "../subjects/over-rest.ts";
import { flexible } from "../subjects/over-tcp.ts";
import type { Endpoints, Quota } from "../subjects/subject.ts";
import { createRunner, type Job } from "./job.ts";

// Node as the runtime under test: does the jobs that its parent sends.
const endpoints: Endpoints = JSON.parse(process.argv[2] as string);
const redis = new Redis(endpoints.redisUrl);
const overTcp = (_endpoints: Endpoints, quota: Quota) => flexible(redis, quota);
const run = createRunner(
  (library) => (library === "rate-limiter-flexible" ? overTcp : OVER_REST[library]),
  endpoints,
  () => {},
);
process.on("message", async (job: Job) => process.send?.(await run(job)));
process.once("disconnect", () => process.exit());
process.send?.("ready");
