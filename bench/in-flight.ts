// What work in flight costs inside Redis, beside what others do, alone and on the console: for work on its script.
import { startPrivateRedis } from "../src/server/redis/private-redis.ts";
import { inFlight } from "./in-flight/section.ts";
import { FULL } from "./lib/pace.ts";
import { progress } from "./lib/progress.ts";

const server = await startPrivateRedis({ install: true, say: console.error });
const { say, end } = progress();
const rows = await inFlight({ redisUrl: server.url }, FULL, say);
end();
await server.stop();

console.table(
  rows.map(({ name, holds, bytesPerHold, hold, release, denied }) => ({
    name,
    holds,
    "bytes per hold": bytesPerHold.toFixed(1),
    "µs to hold": hold.micros.median.toFixed(1),
    "µs to release": release.micros.median.toFixed(1),
    "µs if denied": denied.micros.median.toFixed(1),
    billed: [hold, release, denied].map(({ billed }) => billed.toFixed(1)).join(" / "),
  })),
);
