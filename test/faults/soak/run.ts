import type { FailureMode } from "sluice";
import { upstashClient } from "sluice/upstash";
import type { PrivateRedis } from "../../../src/server/redis/private-redis.ts";
import { createRedisRest } from "../../../src/server/rest/server.ts";
import { bytesInUse } from "../../support/garbage.ts";
import { type Load, startLoad, type Tally } from "./load.ts";
import { watchLoop } from "./loop-lag.ts";

export interface SoakOptions {
  readonly seconds: number;
  /** How often Redis fails: killed and, the next time, stopped, by turns. */
  readonly outages: number;
  readonly timeoutMs: number;
  /** Told once a second what is going on. */
  progress?(line: string): void;
}

export interface SoakReport {
  readonly tallies: Readonly<Record<FailureMode, Tally>>;
  readonly kills: number;
  readonly stops: number;
  readonly unhandled: number;
  /** Modes whose limiter asks the store again when Redis is back. */
  readonly recovered: readonly FailureMode[];
  readonly worstLagMs: number;
  readonly bytesAtStart: number;
  readonly bytesAtEnd: number;
}

const MODES: readonly FailureMode[] = ["open", "closed", "memory"];

/** The share of its turn that each outage lasts, in the middle of it. */
const OUTAGE = 0.4;

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Load on one limiter per failure mode while their Redis is killed, restarted, stopped and continued. */
export async function soak({ seconds, outages, timeoutMs, progress }: SoakOptions): Promise<SoakReport> {
  const rest = await createRedisRest();
  const redis = rest.privateRedis as PrivateRedis;
  let unhandled = 0;
  const onUnhandled = () => {
    unhandled += 1;
  };
  process.on("unhandledRejection", onUnhandled);
  const lag = watchLoop();
  let lives = 0;
  let state = "up";
  const begin = performance.now();
  const loads = MODES.map((mode) =>
    startLoad({ mode, client: upstashClient(rest), timeoutMs, lag, life: () => lives }),
  );
  const ticker = setInterval(() => progress?.(line(performance.now() - begin, state, loads)), 1000);
  const done = { kills: 0, stops: 0 };
  try {
    const turnMs = (seconds * 1000) / outages;
    await sleep(turnMs * 0.3);
    const bytesAtStart = bytesInUse();
    for (let turn = 0; turn < outages; turn += 1) {
      if (turn > 0) await sleep(turnMs * (1 - OUTAGE));
      if (turn % 2 === 0) {
        state = "killed";
        lives += 1;
        await redis.kill("SIGKILL");
        await sleep(turnMs * OUTAGE);
        await redis.restart();
        done.kills += 1;
      } else {
        state = "stopped";
        const pid = redis.pid as number;
        process.kill(pid, "SIGSTOP");
        await sleep(turnMs * OUTAGE);
        process.kill(pid, "SIGCONT");
        done.stops += 1;
      }
      state = "up";
    }
    await sleep(turnMs * 0.3);
    const recovered = await recovery(loads);
    await Promise.all(loads.map((load) => load.stop()));
    await sleep(0);
    const tallies = Object.fromEntries(loads.map(({ mode, tally }) => [mode, tally])) as SoakReport["tallies"];
    const worstLagMs = lag.worst;
    return { tallies, ...done, unhandled, recovered, worstLagMs, bytesAtStart, bytesAtEnd: bytesInUse() };
  } finally {
    clearInterval(ticker);
    lag.stop();
    await Promise.all(loads.map((load) => load.stop()));
    await rest.close();
    process.off("unhandledRejection", onUnhandled);
  }
}

/** Those whose limiter has the store's answer within the longest pause that a breaker makes, and a good deal more. */
async function recovery(loads: readonly Load[]): Promise<FailureMode[]> {
  const found = await Promise.all(
    loads.map(async (load) => {
      for (let tries = 0; tries < 300; tries += 1) {
        const { source } = await load.ask();
        if (source === "store" || source === "snapshot") return [load.mode];
        await sleep(100);
      }
      return [];
    }),
  );
  return found.flat();
}

function line(ms: number, state: string, loads: readonly Load[]): string {
  const seconds = `${Math.round(ms / 1000)} s`.padStart(5);
  const answers = loads.map(({ mode, tally }) => {
    const { answered, store, slowestMs } = tally;
    return `${mode} ${answered} answered, ${store} by Redis, slowest ${Math.round(slowestMs)} ms`;
  });
  return `${seconds}  Redis ${state.padEnd(7)}  ${answers.join("  ·  ")}`;
}
