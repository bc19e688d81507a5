// What observers add to a check, in µs and as a ratio, all in one process and in turns: `npm run bench:observers`.
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import { countDecisions, createLimiter, fixedWindow, memoryStore, type Observer } from "sluice";
import { analytics } from "sluice/analytics";
import { otel } from "sluice/otel";
import { figure } from "./lib/statistics.ts";

const ROUNDS = 15;
const CALLS = 40_000;

/** Takes all that is sent, so that the cost of putting it together counts and that of a network does not. */
const sink = { evalsha: async () => 1, eval: async () => 1, del: async () => 1 };

/** 256 counters are taken over all the time by keys that never come again: the most that analytics has to do. */
const KEYS = {
  "100 keys": (i: number) => `user:${i % 100}`,
  "ever new keys": (i: number) => `user:${i}`,
};

const subjects: Record<string, () => Observer | undefined> = {
  none: () => undefined,
  countDecisions: () => countDecisions(),
  analytics: () => analytics({ redis: sink, flushMs: 1000 }),
  'analytics, keys: "none"': () => analytics({ redis: sink, flushMs: 1000, keys: "none" }),
  otel: () => otel(new MeterProvider().getMeter("bench")),
};

function limiterWith(onEvent: Observer | undefined) {
  const policies = [fixedWindow({ limit: 1e8, window: "1 d" })];
  return createLimiter({ name: "bench", store: memoryStore(), policies, onEvent, waitUntil: () => {} });
}

for (const [title, keyOf] of Object.entries(KEYS)) {
  const limiters = Object.entries(subjects).map(([name, make]) => ({ name, limiter: limiterWith(make()) }));
  const micros = new Map<string, number[]>(limiters.map(({ name }) => [name, []]));
  for (let round = -2; round < ROUNDS; round += 1) {
    for (const { name, limiter } of limiters) {
      const cpu = process.cpuUsage();
      for (let i = 0; i < CALLS; i += 1) await limiter.consume(keyOf(i + (round + 2) * CALLS));
      const { user, system } = process.cpuUsage(cpu);
      if (round >= 0) micros.get(name)?.push((user + system) / CALLS);
    }
  }
  const base = micros.get("none") as number[];
  console.log(`\n${title}: µs a check (median of ${ROUNDS} rounds), and times the check without an observer`);
  for (const [name, all] of micros) {
    const ratio = figure(all.map((each, round) => each / (base[round] as number)));
    console.log(`${name.padEnd(28)}${figure(all).median.toFixed(2).padStart(8)}${ratio.median.toFixed(2).padStart(8)}`);
  }
}
