import { Ratelimit } from "@upstash/ratelimit";
import { MemoryStore } from "hono-rate-limiter";
import { RateLimiterMemory } from "rate-limiter-flexible";
import { createLimiter, memoryStore, redisStore, slidingWindow } from "sluice";
import { ratelimit } from "../subjects/on-client.ts";
import { flexible } from "../subjects/over-tcp.ts";

/** One call in this isolate, with no I/O in it. */
export interface Subject {
  readonly name: string;
  readonly what: "request" | "denial" | "memory";
  call(key: string): Promise<unknown>;
}

const LIMIT = 1_000_000;
const WINDOW_MS = 3_600_000;

/** What is left of each library where the client answers at once, and what it does without a client. */
export async function subjects(): Promise<Subject[]> {
  const all = [...requests(), ...(await denials()), ...memory()];
  // Denials are to be denied already.
  for (const { what, call } of all) if (what === "denial") for (let i = 0; i < 3; i += 1) await call("attacker");
  return all;
}

/** A client that answers at once, with the reply that each script would give. */
function stub(reply: () => unknown) {
  const client = {
    evalsha: async () => reply(),
    eval: async () => reply(),
    del: async () => 1,
    withSignal: () => client,
  };
  return client;
}

function requests(): Subject[] {
  const own = stub(() => [1, Date.now(), 1, 0]);
  const sluice = createLimiter({
    name: "test",
    store: redisStore(own),
    policies: [slidingWindow({ limit: LIMIT, window: WINDOW_MS })],
  });
  const limiter = Ratelimit.slidingWindow(LIMIT, `${WINDOW_MS} ms`);
  const upstash = ratelimit(
    stub(() => [LIMIT - 1, LIMIT]),
    limiter,
  );
  return [
    { name: "the stub alone", what: "request", call: () => own.evalsha() },
    { name: "sluice", what: "request", call: (key) => sluice.consume(key) },
    { name: "@upstash/ratelimit", what: "request", call: (key) => upstash.limit(key) },
  ];
}

async function denials(): Promise<Subject[]> {
  const windowMs = 86_400_000;
  const denying = stub(() => [0, Date.now(), 1, 0]);
  const sluice = createLimiter({
    name: "test",
    store: redisStore(denying),
    policies: [slidingWindow({ limit: 1, window: windowMs })],
    snapshots: { maxAgeMs: windowMs },
  });
  const upstash = ratelimit(
    stub(() => [-1, 1]),
    Ratelimit.slidingWindow(1, `${windowMs} ms`),
  );
  const block = flexible(flexibleStub as never, { limit: 1, windowMs });
  return [
    { name: "sluice", what: "denial", call: () => sluice.consume("attacker") },
    { name: "@upstash/ratelimit", what: "denial", call: () => upstash.limit("attacker") },
    { name: "rate-limiter-flexible", what: "denial", call: () => block("attacker") },
  ];
}

/** As much of ioredis as rate-limiter-flexible asks for: two were used where one is allowed. */
const flexibleStub = { defineCommand() {}, rlflxIncr: async () => [2, 86_000_000] };

function memory(): Subject[] {
  const policies = [slidingWindow({ limit: LIMIT, window: WINDOW_MS })];
  const sluice = createLimiter({ name: "test", store: memoryStore(), policies });
  const flexibleMemory = new RateLimiterMemory({ points: LIMIT, duration: WINDOW_MS / 1000 });
  const hono = new MemoryStore();
  hono.init({ windowMs: WINDOW_MS } as never);
  return [
    { name: "sluice", what: "memory", call: (key) => sluice.consume(key) },
    { name: "rate-limiter-flexible", what: "memory", call: (key) => flexibleMemory.consume(key) },
    { name: "hono-rate-limiter", what: "memory", call: async (key) => hono.increment(key) },
  ];
}
