// A process of its own that consumes: node --import tsx consume-worker.ts '{"url": …}'. It says on stdout how many of
// its calls were admitted for each key.
import { createLimiter } from "../../src/limiter/limiter.ts";
import { ioredisClient } from "../../src/store/ioredis.ts";
import { redisStore } from "../../src/store/redis.ts";
import { type Crowd, policiesOf } from "./crowd.ts";
import { connect } from "./redis.ts";

const crowd = JSON.parse(process.argv[2] ?? "") as Crowd;
const clients = await Promise.all(Array.from({ length: 2 }, () => connect(crowd.url)));
const admitted: Record<string, number> = {};

// All processes begin each key together.
for (const name of crowd.names) {
  await clients[0]?.incr(`${crowd.prefix}:ready:${name}`);
  await clients[0]?.blpop(`${crowd.prefix}:go:${name}`, 30);
  const limiters = clients.map((redis) =>
    createLimiter({
      store: redisStore(ioredisClient(redis)),
      policies: policiesOf(name, crowd.limit),
      name: crowd.prefix,
      now: () => crowd.now,
      timeoutMs: 30_000,
    }),
  );
  const calls = Array.from({ length: crowd.calls }, (_call, i) => limiters[i % limiters.length]?.consume(name));
  const decisions = await Promise.all(calls);
  if (decisions.some((decision) => decision?.source === "fallback")) throw new Error("Redis could not be asked");
  admitted[name] = decisions.filter((decision) => decision?.allowed).length;
}
process.stdout.write(JSON.stringify(admitted));
for (const redis of clients) redis.disconnect();
