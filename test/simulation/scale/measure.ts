import { dollars } from "../../../bench/money/price.ts";
import { bookOf } from "../judges/books/book-of.ts";
import type { Happening, PolicyRule } from "../world/history.ts";
import { createWorld } from "../world/world.ts";
import { mostOver } from "./over.ts";
import { type Point, perSecondAt, type Variant } from "./variants.ts";

/** What a crowd's calls came to, once the first seconds are over. */
export interface Measured extends Point {
  readonly variant: string;
  readonly calls: number;
  readonly admitted: number;
  /** What one limiter would admit that sees every call in the moment when it is made. */
  readonly due: number;
  readonly trips: number;
  /** By the database's clock, the most units that any span held beyond what the definition allows in it. */
  readonly over: number;
  /** Commands that the database's owner is billed. */
  readonly commands: number;
  readonly dollarsPerMillion: number;
  /** Ms from a call to its answer, of all calls: half of them and 99 of 100 took no longer. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** A full bucket at the start is no steady state: at twice the limit one of two seconds' refill is empty after two. */
export const WARM_UP_MS = 4000;
/** Who comes last meets nobody who comes later, so that it gets more than its due. */
const COOL_DOWN_MS = 1000;
const LEAST_CALLS = 3000;

export async function measure<At extends Point>(variant: Variant<At>, point: At, seed = 1): Promise<Measured & At> {
  const { leastMs = 10_000 } = variant;
  const untilMs = WARM_UP_MS + Math.max(leastMs, (LEAST_CALLS / perSecondAt(variant.policy, point)) * 1000);
  const counts = countsOf(variant.policy, untilMs);
  let [billedBefore, commands] = [0, 0];
  const world = createWorld({
    plan: variant.plan(point, untilMs + COOL_DOWN_MS),
    seed,
    tell(happening) {
      const isCounted = "call" in happening && counts.see(happening);
      if (happening.type !== "executed") return;
      const billed = [...world.databases.values()].reduce((sum, database) => sum + database.billed, 0);
      if (isCounted) commands += variant.commandsOf?.(happening) ?? billed - billedBefore;
      billedBefore = billed;
    },
  });
  await world.run();
  const { calls } = counts.sums;
  const waits = counts.waits.toSorted((a, b) => a - b);
  const quantile = (part: number) => waits[Math.min(waits.length - 1, Math.floor(part * waits.length))] ?? 0;
  return {
    ...point,
    variant: variant.name,
    ...counts.sums,
    over: mostOver(variant.policy, counts.admittedAt),
    commands,
    dollarsPerMillion: rounded(dollars((commands / calls) * 1e6)),
    p50Ms: rounded(quantile(0.5)),
    p99Ms: rounded(quantile(0.99)),
  };
}

const rounded = (value: number) => Math.round(value * 100) / 100;

/** Counts what becomes of calls that are made between the first seconds and the last; all that happens is seen. */
function countsOf(policy: PolicyRule, untilMs: number) {
  const sums = { calls: 0, admitted: 0, due: 0, trips: 0 };
  const waits: number[] = [];
  /** Of every call, those of the first seconds, too. */
  const admittedAt: number[] = [];
  const calledAt = new Map<number, number>();
  const takenAt = new Map<number, number>();
  const ideal = bookOf(policy);

  return {
    sums,
    waits,
    admittedAt,
    /** Whether the call is one of those that count. */
    see(happening: Extract<Happening, { call: unknown }>): boolean {
      const { id } = happening.call;
      if (happening.type === "called") calledAt.set(id, happening.at);
      const madeAt = calledAt.get(id) ?? 0;
      const isCounted = madeAt >= WARM_UP_MS && madeAt < untilMs;
      const add = (name: keyof typeof sums) => {
        if (isCounted) sums[name] += 1;
      };
      switch (happening.type) {
        case "called":
          add("calls");
          if (ideal.allows(happening.now, 1, 0)) {
            ideal.take(happening.now, 1);
            add("due");
          }
          break;
        case "sent":
          add("trips");
          break;
        case "executed":
          if (happening.steps[0]?.allowed) takenAt.set(id, happening.now);
          break;
        case "answered": {
          const { decision } = happening;
          if (isCounted) waits.push(happening.at - madeAt);
          if (!decision?.allowed) break;
          add("admitted");
          // All clocks show the same here. What was taken ahead is admitted when it is spent.
          admittedAt.push((decision.source === "lease" ? undefined : takenAt.get(id)) ?? happening.now);
          break;
        }
        default:
      }
      return isCounted;
    },
  };
}
