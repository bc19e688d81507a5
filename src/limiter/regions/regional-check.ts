import type { Decision, KnownDecision } from "../../core/decision.ts";
import type { WaitUntil } from "../../core/event.ts";
import { allSettled } from "../all-settled.ts";
import type { PolicyInForce } from "../amounts.ts";
import type { Call } from "../call.ts";
import { createCheck } from "../check.ts";
import type { Check, Level } from "../level.ts";
import { createStandIn } from "../stand-in.ts";
import { timeOf } from "../time.ts";
import { charged, returned } from "./booked.ts";
import { createBudget } from "./budget.ts";
import { gathered } from "./gather.ts";
import { isThere, lookAgain, lookAt } from "./look.ts";
import type { RegionPlan } from "./plan.ts";
import { ownPart, type Portion } from "./portions.ts";
import { askRegion, isAskable, type Region, type Round } from "./round.ts";
import { splitPolicies } from "./shares.ts";
import { told } from "./told.ts";

/** How calls are answered by several databases: by the nearest that can, then by the next, then by several together. */
export function createRegionalCheck(level: Level, levels: readonly Level[], plan: RegionPlan): Check {
  const { now, timeoutMs, waitUntil } = level.options;
  const regions = levels.map((own, i): Region => {
    const closed: Level = { ...own, options: { ...own.options, failureMode: "closed" } };
    const look = createCheck({ ...closed, known: () => undefined });
    return { name: plan.names[i] as string, level: own, check: createCheck(closed), look };
  });
  const standIn = createStandIn(level, () => Math.min(...levels.map(({ asker }) => asker.pauseMs())));

  function decision(call: Call): Decision | Promise<Decision> {
    call.signal?.throwIfAborted();
    const clock = timeOf(now);
    const known = call.settled || level.known(call, clock);
    if (known) return known;
    const { since } = call;
    if (since?.source === "memory" || since?.source === "fallback") return instead(call, since.error);
    const weights = plan.weightsOf(call.key);
    const parts = splitPolicies(call.policies, weights);
    const costs = call.costs.map((cost, i) => (call.policies[i]?.uncounted === undefined ? cost : 0));
    const order = plan.orderOf(call.key).filter((region) => parts[region]);
    const able = order.filter((region) => isWithin(costs, parts[region] ?? []));
    const round: Round = {
      ...{ call, costs, regions, parts, order, able, now, error: undefined, seen: new Map(), silent: new Set() },
      budget: createBudget(Math.min(call.timeoutMs ?? timeoutMs, timeoutMs), now),
    };
    return answer(round, weights).then((decision) => decision ?? instead(call, round.error));
  }

  const instead = (call: Call, error: Round["error"]) => standIn.answer(call, level.request(call, timeOf(now)), error);

  async function answer(round: Round, weights: readonly number[]): Promise<KnownDecision | undefined> {
    const { call } = round;
    if (call.task === "refund" || call.task === "leave") return returned(round);
    if (call.task === "charge") return (await whole(round)) ?? charged(round, weights);
    const taken = await whole(round);
    if (taken) return taken;
    const brought = call.options?.waitUntil as WaitUntil | undefined;
    const first = firstOf(round);
    if (first) return gathered(round, brought ?? waitUntil, first);
    await seeOthers(round);
    if (round.seen.size === 0) return undefined;
    // What this isolate knew is the most that can be there.
    if (isThere(round)) await lookAgain(round, "snapshot");
    if (!isThere(round)) return (await lent(round)) ?? told(round, false, []);
    return call.task === "peek" ? told(round, true, []) : gathered(round, brought ?? waitUntil);
  }

  return {
    decision,
    async reset(place, signal) {
      try {
        await allSettled(regions.map(({ check }) => check.reset(place, signal)));
      } finally {
        standIn.reset(place);
      }
    },
  };
}

/** Takes the whole cost, or looks for it, where one region has it: in the nearest of those. */
async function whole(round: Round): Promise<KnownDecision | undefined> {
  const { call, costs, able } = round;
  const own = { task: call.task === "peek" ? "peek" : "consume" } as const;
  for (const [i, region] of able.entries()) {
    const isLast = !able.slice(i + 1).some((other) => isAskable(round, other, own));
    const answer = await askRegion(round, region, own, isLast);
    if (!answer?.allowed) continue;
    const given = { region, at: answer.at, units: costs };
    return told(round, true, call.task === "peek" ? [] : [given], answer.delayMs);
  }
  return undefined;
}

/**
 * What the very first region by name gives while the others are looked at: its own part of a cost that no region has alone, where for all that is
 * known each has its own part.
 */
function firstOf(round: Round): Portion | undefined {
  const { call, costs, order, able } = round;
  if (call.task !== "consume" || able.length > 0 || !isWithin(costs, call.policies)) return undefined;
  const region = Math.min(...order);
  const units = ownPart(round, region);
  const isKnownShort = order.some((own) => !isAskable(round, own, { costs: ownPart(round, own) }));
  return isKnownShort ? undefined : { region, units };
}

/** Whether policies can ever give so much. */
function isWithin(costs: readonly number[], policies: readonly PolicyInForce[]): boolean {
  return policies.every(({ burst }, i) => (costs[i] as number) <= burst);
}

/** Looks at the regions whose whole part is less than the cost, at the same time; at one, if all of them have too little. */
async function seeOthers(round: Round): Promise<void> {
  const { call, costs, order, able, seen } = round;
  const asked = order.filter((region) => !able.includes(region));
  const others = isWithin(costs, call.policies) ? asked : asked.slice(0, seen.size > 0 ? 0 : 1);
  await lookAt(round, others, "check");
}

/** Takes the cost from the region with the shortest wait, if the caller accepts that. */
async function lent(round: Round): Promise<KnownDecision | undefined> {
  const { call, seen } = round;
  const { maxDelayMs } = call;
  const waits = [...seen].filter(([, { call: own }]) => own.costs === call.costs);
  const [next] = waits.toSorted(([, a], [, b]) => a.decision.retryAfterMs - b.decision.retryAfterMs);
  if (!next || call.task !== "consume" || next[1].decision.retryAfterMs > maxDelayMs) return undefined;
  const [region] = next;
  const answer = await askRegion(round, region, { maxDelayMs }, true);
  if (!answer?.allowed) return undefined;
  return told(round, true, [{ region, at: answer.at, units: call.costs }], answer.delayMs);
}
