import type { Decision } from "../../../src/core/decision.ts";
import type { Happening, Operation } from "../world/history.ts";
import { type LeaseFigures, noLeaseFigures } from "./lease-figures.ts";

/** What came of a world, in numbers. */
export interface Figures {
  calls: number;
  /** Of them: on several limiters as one, be it among others in order. */
  together: number;
  /** Of them: on several limiters in order. */
  inOrder: number;
  /** Calls by operation. */
  readonly operations: Record<Operation, number>;
  /** Of consumes and waits, by who answered. */
  readonly allowed: Record<Decision["source"], number>;
  readonly denied: Record<Decision["source"], number>;
  rejected: number;
  /** Requests sent, and those that databases carried out. */
  requests: number;
  executed: number;
  born: number;
  killed: number;
  frozen: number;
  clocksSet: number;
  databaseLosses: number;
  readonly leases: LeaseFigures;
}

const bySource = () => ({ store: 0, snapshot: 0, lease: 0, memory: 0, fallback: 0, rule: 0, penalty: 0 });

export function noFigures(): Figures {
  return {
    calls: 0,
    together: 0,
    inOrder: 0,
    operations: { consume: 0, peek: 0, refund: 0, charge: 0, wait: 0, reset: 0, reserve: 0, settle: 0, block: 0 },
    allowed: bySource(),
    denied: bySource(),
    rejected: 0,
    requests: 0,
    executed: 0,
    born: 0,
    killed: 0,
    frozen: 0,
    clocksSet: 0,
    databaseLosses: 0,
    leases: noLeaseFigures(),
  };
}

/** Counts one happening. */
export function count(figures: Figures, happening: Happening): void {
  switch (happening.type) {
    case "called":
      figures.calls += 1;
      if (happening.call.keys) figures.together += 1;
      if (happening.call.limiter.members) figures.inOrder += 1;
      figures.operations[happening.call.operation] += 1;
      break;
    case "sent":
      figures.requests += 1;
      break;
    case "executed":
      figures.executed += 1;
      break;
    case "answered": {
      const { call, decision } = happening;
      if (!decision || !["consume", "wait", "reserve"].includes(call.operation)) break;
      (decision.allowed ? figures.allowed : figures.denied)[decision.source] += 1;
      break;
    }
    case "rejected":
      figures.rejected += 1;
      break;
    case "born":
    case "killed":
    case "frozen":
      figures[happening.type] += 1;
      break;
    case "clock":
      figures.clocksSet += 1;
      break;
    case "lost":
      figures.databaseLosses += 1;
      break;
    default:
  }
}

/** Adds the second's numbers to the first's. */
export function addFigures(sum: Figures, more: Figures): void {
  addNumbers(sum as unknown as Numbers, more as unknown as Numbers);
}

interface Numbers {
  [name: string]: number | Numbers;
}

function addNumbers(sum: Numbers, more: Numbers): void {
  for (const [name, value] of Object.entries(more)) {
    if (typeof value === "number") sum[name] = (sum[name] as number) + value;
    else addNumbers(sum[name] as Numbers, value);
  }
}
