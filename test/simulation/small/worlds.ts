import type { Kind, LimiterRule, PolicyRule } from "../world/history.ts";
import type { SmallAction, SmallPlan } from "./small-world.ts";

const policy = (kind: Kind, limit: number, windowMs: number, name = kind): PolicyRule => ({
  kind,
  name,
  limit,
  windowMs,
  burst: limit,
});

const limiter = (policies: readonly PolicyRule[], more: Partial<LimiterRule> = {}): LimiterRule => ({
  name: "small",
  database: "main",
  policies,
  clock: "isolate",
  timeoutMs: 2,
  failureMode: "closed",
  snapshots: { maxKeys: 10, maxAgeMs: 5000 },
  breaker: false,
  ...more,
});

const ask = (operation: SmallAction["operation"], cost = 1, waitMs = 0): SmallAction => ({
  operation,
  key: "k",
  cost,
  waitMs,
});
const [consume, both, refund, reset] = [ask("consume"), ask("consume", 2), ask("refund"), ask("reset")];

const KINDS: readonly (readonly Kind[])[] = [["bucket"], ["sliding"], ["fixed"], ["log"], ["bucket", "fixed"]];

/** Two isolates that ask for more than there is around a window's end; a loss and a death anywhere. */
const races = KINDS.map(
  (kinds): SmallPlan => ({
    name: `two isolates, three calls, 2 per 3 ms, ${kinds.join(" and ")}`,
    limiter: limiter(kinds.map((kind) => policy(kind, 2, 3))),
    asks: [[consume, both], [consume]],
    startMs: 1,
    ticks: 3,
    tickMs: 1,
    losses: 1,
    deaths: 1,
  }),
);
export const WIDE_WORLDS = [...races];
void refund;
void reset;
