import type { RedisClient } from "sluice";
import { randomFrom } from "../../test/support/random.ts";
import { zipf } from "../../test/support/zipf.ts";
import { type Call, crowdOf } from "./crowd.ts";
import { createIsolate } from "./isolate.ts";

const TICK_MS = 250;
/** At a time. */
const [ATTEMPTS, CALLS_OF_BURST] = [3, 120];
const ROUTES = ["/api/bucket", "/api/window", "/api/hot", "/api/leased"];

export interface LiveOptions {
  readonly redis: RedisClient;
  /** Of the demo's Worker, which gets some requests, too. */
  readonly worker: string;
  /** So long it goes on, in ms. */
  readonly forMs: number;
  /** Ends it earlier. */
  readonly signal: AbortSignal;
}

/** Traffic as it comes, at this moment; `told` hears each second of how many calls there have been. */
export async function playLive(
  { redis, worker, forMs, signal }: LiveOptions,
  told: (calls: number) => void,
): Promise<void> {
  const random = randomFrom(Date.now());
  const crowd = crowdOf(random);
  const key = zipf(20, random);
  const options = { checks: redis, redis, now: () => Date.now(), flushMs: 2000, refreshMs: 2000 };
  const isolates = Array.from({ length: 3 }, () => createIsolate(options));
  const ask = () =>
    fetch(worker + random.pick(ROUTES), { headers: { "x-api-key": `visitor-${key()}` } }).then((response) =>
      response.arrayBuffer(),
    );
  const began = performance.now();
  let calls = 0;
  for (let tick = 1; !signal.aborted && performance.now() - began < forMs; tick += 1) {
    const all: Call[] = Array.from({ length: 2 + random.below(6) }, crowd.usual);
    const [isBurst, isAttack] = [tick % 80 === 0, tick % 4 === 0];
    const requests = Array.from({ length: 1 + random.below(3) }, ask);
    calls += all.length + requests.length + (isBurst ? CALLS_OF_BURST : 0) + (isAttack ? ATTEMPTS : 0);
    if (isBurst) all.push(...crowd.burst(CALLS_OF_BURST));
    if (isAttack) all.push(crowd.attack(ATTEMPTS));
    if (tick % 20 === 0) all.push(crowd.work());
    await Promise.all([...all.map((call) => call(random.pick(isolates))), ...requests]);
    if (tick % (1000 / TICK_MS) === 0) told(calls);
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, began + tick * TICK_MS - performance.now())));
  }
  for (const { onEvent } of isolates) await onEvent.flush();
}
