import type { KnownDecision } from "../../core/decision.ts";
import type { WaitUntil } from "../../core/event.ts";
import { timeOf } from "../time.ts";
import { askRegion, countedCost, ownCall, type Region, type Round, type Seen } from "./round.ts";
import { type Given, told } from "./told.ts";

/**
 * Takes a cost that no region has alone from several: as much of it from each as that had when it was seen, in one order for everybody, so
 * that of two calls one gets on. If it isn't there any more, all of it goes back.
 */
export async function gathered(round: Round, waitUntil: WaitUntil | undefined): Promise<KnownDecision> {
  const { call, seen } = round;
  const before = new Map(seen);
  const open = call.costs.map((_cost, i) => countedCost(call, i));
  const given: Given[] = [];
  try {
    for (const region of round.regions.keys()) {
      // What a region had may have changed since it was seen: then it is asked for what it has now, once.
      const part = (await partFrom(round, region, open)) ?? (await partFrom(round, region, open));
      if (!part) continue;
      given.push(part);
      part.units.forEach((taken, i) => {
        open[i] = (open[i] as number) - taken;
      });
    }
    if (open.every((cost) => cost === 0)) return told(round, true, given);
  } catch (reason) {
    await givenBack(round, given, waitUntil);
    throw reason;
  }
  await givenBack(round, given, waitUntil);
  for (const { region } of given) seen.set(region, before.get(region) as Seen);
  return told(round, false, []);
}

/** Whether the regions that were seen have the cost between them. */
export function isThere({ call, seen }: Round): boolean {
  return call.costs.every((_cost, i) => {
    const sum = [...seen.values()].reduce((sum, { decision }) => sum + (decision.policies[i]?.remaining ?? 0), 0);
    return sum >= countedCost(call, i);
  });
}

/** Takes from a region what it had when it was seen, and no more than is still open. */
async function partFrom(round: Round, region: number, open: readonly number[]): Promise<Given | undefined> {
  const policies = round.seen.get(region)?.decision.policies;
  const units = open.map((cost, i) => Math.min(cost, policies?.[i]?.remaining ?? 0));
  if (units.every((unit) => unit === 0)) return undefined;
  const answer = await askRegion(round, region, { task: "consume", costs: units }, false);
  if (answer?.allowed) return { region, at: answer.at, units };
  // Seen while somebody else may be about to give back, so it is not remembered.
  (round.regions[region] as Region).level.forget(round.call.place, timeOf(round.now));
  return undefined;
}

/** Gives back what was taken in vain, once: what is lost on the way stays taken. */
async function givenBack(round: Round, given: readonly Given[], waitUntil: WaitUntil | undefined): Promise<void> {
  const timeoutMs = waitUntil ? undefined : round.budget.hopMs(true);
  if (timeoutMs === 0) return;
  const tasks = given.map(async ({ region, at, units }) => {
    const call = ownCall(round, region, { task: "refund", costs: units, takenAt: at });
    await (round.regions[region] as Region).check.decision({ ...call, signal: undefined, timeoutMs });
  });
  const done = Promise.allSettled(tasks);
  if (waitUntil) waitUntil(done);
  else await done;
}
