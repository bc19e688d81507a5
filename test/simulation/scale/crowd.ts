import { tokenBucket } from "../../../src/algorithm/policy.ts";
import { createLimiter } from "../../../src/limiter/limiter.ts";
import { startPrivateRedis } from "../../../src/server/redis/private-redis.ts";
import { ioredisClient } from "../../../src/store/ioredis.ts";
import { redisStore } from "../../../src/store/redis.ts";
import { connect } from "../../support/redis.ts";
import { crowd } from "../plans/crowd.ts";
import type { Latency } from "../world/network.ts";
import { between, exponential, streamOf } from "../world/random.ts";
import { createWorld } from "../world/world.ts";
import { PER_SECOND, rule } from "./variants.ts";

const ISOLATES = 32;
const SECONDS = [5, 10];
const LOADS = [4, 40];
/** One way to a Redis on the same machine. */
const NEXT_DOOR: Latency = { least: 0.1, median: 0.2, p99: 1, most: 5 };

interface Crowd {
  calls: number;
  trips: number;
  admitted: number;
}

/** Trips per admitted call of a crowd on one bucket that is full at first: the same crowd on a real Redis, and simulated. */
export async function runCrowd(say: (text: string) => void): Promise<void> {
  say(`${ISOLATES} isolates, one bucket of ${PER_SECOND} per s, full at first; trips per admitted call`);
  for (const load of LOADS) {
    for (const seconds of SECONDS) {
      const [real, simulated] = [await realCrowd(load, seconds), await simulatedCrowd(load, seconds)];
      const text = ({ calls, trips, admitted }: Crowd) => {
        return `${(trips / admitted).toFixed(2)} (${calls} calls, ${admitted} admitted, ${trips} trips)`;
      };
      say(`${load} × the limit, ${seconds} s: real Redis ${text(real)}, simulated ${text(simulated)}`);
    }
  }
}

async function simulatedCrowd(load: number, seconds: number): Promise<Crowd> {
  const crowdOf = { isolates: ISOLATES, limiter: rule, perSecond: load * PER_SECOND, durationMs: seconds * 1000 };
  const counts = { calls: 0, trips: 0, admitted: 0 };
  const world = createWorld({
    plan: crowd({ ...crowdOf, latency: NEXT_DOOR }),
    seed: 1,
    tell(happening) {
      if (happening.type === "called") counts.calls += 1;
      if (happening.type === "sent") counts.trips += 1;
      if (happening.type === "answered" && happening.decision?.allowed) counts.admitted += 1;
    },
  });
  await world.run();
  return counts;
}

/** In real time: limiters of their own on connections of their own, in this process. */
async function realCrowd(load: number, seconds: number): Promise<Crowd> {
  const server = await startPrivateRedis();
  const connections = await Promise.all(Array.from({ length: ISOLATES }, () => connect(server.url)));
  const counts = { calls: 0, trips: 0, admitted: 0 };
  const limiters = connections.map((connection) => {
    const { evalsha, eval: evaluate, del } = ioredisClient(connection);
    const counted: typeof evalsha = (...command) => {
      counts.trips += 1;
      return evalsha(...command);
    };
    return createLimiter({
      name: rule.name,
      store: redisStore({ evalsha: counted, eval: evaluate, del }),
      policies: [tokenBucket({ limit: PER_SECOND, window: "1 s" })],
      failureMode: "closed",
    });
  });
  const stream = streamOf(1);
  const started = performance.now();
  const answers: Promise<void>[] = [];
  for (let at = 0; at < seconds * 1000; at += (exponential(stream) * 1000) / (load * PER_SECOND)) {
    const leftMs = started + at - performance.now();
    if (leftMs > 0) await new Promise((resolve) => setTimeout(resolve, leftMs));
    const limiter = limiters[between(stream, 0, ISOLATES - 1)];
    counts.calls += 1;
    answers.push(
      (limiter as (typeof limiters)[number]).consume("k").then(({ allowed }) => {
        if (allowed) counts.admitted += 1;
      }),
    );
  }
  await Promise.all(answers);
  for (const connection of connections) connection.disconnect();
  await server.stop();
  return counts;
}
