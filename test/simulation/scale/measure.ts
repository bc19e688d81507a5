import { dollars } from "../../../bench/money/price.ts";
import { bookOf } from "../judges/books/book-of.ts";
import type { Happening } from "../world/history.ts";
import { createWorld } from "../world/world.ts";
import { PER_SECOND, type Point, type Variant } from "./variants.ts";

/** What a crowd's calls came to, once the first seconds are over. */
export interface Measured extends Point {
  readonly variant: string;
  readonly calls: number;
  readonly admitted: number;
  /** What one limiter would admit that sees every call in the moment when it is made. */
  readonly due: number;
  /** By the database's clock, the most units that any span held beyond burst + rate × its length. */
  readonly over: number;
  readonly trips: number;
  /** Commands that the database's owner is billed. */
  readonly commands: number;
  readonly dollarsPerMillion: number;
  /** Ms from a call to its answer, of all calls: half of them and 99 of 100 took no longer. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** A full bucket at the start is no steady state. */
export const WARM_UP_MS = 2000;
const LEAST_MS = 10_000;
const LEAST_CALLS = 3000;

export async function measure(variant: Variant, point: Point, seed = 1): Promise<Measured> {
  const perSecond = point.load * PER_SECOND;
  const durationMs = WARM_UP_MS + Math.max(LEAST_MS, (LEAST_CALLS / perSecond) * 1000);
  const counts = countsOf(variant);
  let billedBefore = 0;
  const world = createWorld({
    plan: variant.plan(point, durationMs),
    seed,
    tell(happening) {
      if (happening.at < WARM_UP_MS) billedBefore = billed();
      counts.see(happening, happening.at >= WARM_UP_MS);
    },
  });
  const billed = () => [...world.databases.values()].reduce((sum, database) => sum + database.billed, 0);
  await world.run();
  const commands = billed() - billedBefore;
  const { calls } = counts.sums;
  const waits = counts.waits.toSorted((a, b) => a - b);
  const quantile = (part: number) => waits[Math.min(waits.length - 1, Math.floor(part * waits.length))] ?? 0;
  return {
    ...point,
    variant: variant.name,
    ...counts.sums,
    commands,
    dollarsPerMillion: rounded(dollars((commands / calls) * 1e6)),
    p50Ms: rounded(quantile(0.5)),
    p99Ms: rounded(quantile(0.99)),
  };
}

const rounded = (value: number) => Math.round(value * 100) / 100;

/** Counts what happens; all of it is seen, and only what `counts` is added up. */
function countsOf({ policy }: Variant) {
  const sums = { calls: 0, admitted: 0, due: 0, over: 0, trips: 0 };
  const waits: number[] = [];
  const calledAt = new Map<number, number>();
  const ideal = bookOf(policy);
  const { limit, windowMs, burst } = policy;
  let [fullest, since] = [0, 0];

  /** Only a bucket promises something of every span. */
  function overOf(now: number): number {
    fullest = Math.max(0, fullest - ((now - since) * limit) / windowMs) + 1;
    since = now;
    return policy.kind === "bucket" ? fullest - burst : 0;
  }

  return {
    sums,
    waits,
    see(happening: Happening, counts: boolean): void {
      const add = (name: keyof typeof sums) => {
        if (counts) sums[name] += 1;
      };
      switch (happening.type) {
        case "called":
          add("calls");
          calledAt.set(happening.call.id, happening.at);
          if (ideal.allows(happening.now, 1, 0)) {
            ideal.take(happening.now, 1);
            add("due");
          }
          break;
        case "sent":
          add("trips");
          break;
        case "executed":
          if (happening.steps[0]?.allowed) sums.over = Math.max(sums.over, Math.ceil(overOf(happening.now)));
          break;
        case "answered":
          if (happening.decision?.allowed) add("admitted");
          if (counts) waits.push(happening.at - (calledAt.get(happening.call.id) ?? 0));
          calledAt.delete(happening.call.id);
          break;
        default:
      }
    },
  };
}
