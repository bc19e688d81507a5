import { inFlight } from "../../../src/limiter/in-flight/policy.ts";
import { createLimiter, type Limiter } from "../../../src/limiter/limiter.ts";
import { together } from "../plans/swarm.ts";
import { type NextAction, poisson } from "../traffic/arrivals.ts";
import { consumers } from "../traffic/callers.ts";
import { oneKey } from "../traffic/keys.ts";
import type { LimiterRule, PolicyRule } from "../world/history.ts";
import { plainOptions } from "../world/limiter.ts";
import type { LimiterMaker } from "../world/plan.ts";
import { oneDatabase, PER_SECOND, perSecondAt, rule, type Variant } from "./variants.ts";

const bucket = rule.policies[0] as PolicyRule;

/** A limiter of that name, with so many times the limit. */
const level = (name: string, times: number): LimiterRule => ({
  ...rule,
  name,
  policies: [{ ...bucket, limit: times * PER_SECOND, burst: times * PER_SECOND }],
});

const LEVELS = [level("org", 1), level("team", 2), level("user", 4)];

/** Callers who ask for all of them in one verdict; the first one's limit is what denies. */
function allOfThree(name: string): Variant {
  const limiter = together(LEVELS);
  const { plan, policy } = oneDatabase(name, bucket, {}, { limiters: [...LEVELS, limiter] });
  const ask = consumers(limiter, oneKey("k"));
  const next: NextAction = (stream) => ({ ...ask(stream), keys: LEVELS.map(() => "k") });
  return {
    name,
    policy,
    plan(point, durationMs) {
      return { ...plan(point, durationMs), traffic: [poisson("callers", perSecondAt(policy, point), next)] };
    },
  };
}

const WORK_MS = 1000;
const HOLD_MS = 10_000;

/** A call takes a place, and is answered; the work goes on behind the answer, and then gives the place back. */
const worker: LimiterMaker = (parts) => {
  const options = plainOptions(parts);
  const policies = [inFlight({ limit: PER_SECOND, hold: HOLD_MS })] as const;
  const limiter = createLimiter({ ...options, policies: [policies[0]] });
  const consume = async (key: string) => {
    const held = await limiter.hold(key);
    const work = new Promise<void>((resolve) => void setTimeout(resolve, WORK_MS));
    if (held.allowed) options.waitUntil?.(work.then(() => held.release()));
    return held;
  };
  return Object.assign(limiter, { consume }) as unknown as Limiter;
};

/** Work that takes a second each: as many begin in any second as can be held at once. */
const work = oneDatabase(
  "work in flight",
  { kind: "log", name: "work", limit: PER_SECOND, windowMs: WORK_MS, burst: PER_SECOND },
  { policies: [] },
  { limiterOf: worker },
);

/** What is told in tables, in this order. */
export const FEATURES: readonly Variant[] = [
  oneDatabase("one limiter", bucket),
  allOfThree("allOf of three"),
  oneDatabase("a penalty", bucket, { penalty: { after: 10, within: 10_000, length: 60_000, factor: 1, most: 60_000 } }),
  // No hold ends by itself here, so that Redis's own time is never asked for.
  { ...work, commandsOf: ({ steps }) => (steps.length === 0 ? 1 : 2 + steps.filter(({ wrote }) => wrote).length) },
];
