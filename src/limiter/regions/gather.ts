import type { KnownDecision } from "../../core/decision.ts";
import type { WaitUntil } from "../../core/event.ts";
import { timeOf } from "../time.ts";
import { askRegion, countedCost, ownCall, type Region, type Round, type Seen } from "./round.ts";
import { type Given, told } from "./told.ts";

/** What is to be taken from a region. */
interface Portion {
  readonly region: number;
  readonly units: readonly number[];
}

/**
 * Takes a cost that no region has alone from several: as much of it from each as that had when it was seen, in one order for everybody. The
 * first part is taken alone, so that of two calls one gets on, and the others then at the same time. If it isn't there any more,
 * all of it goes back.
 */
export async function gathered(round: Round, waitUntil: WaitUntil | undefined): Promise<KnownDecision> {
  const { call, regions } = round;
  const given: Given[] = [];
  const open = () =>
    call.costs.map((_cost, i) => given.reduce((open, { units }) => open - (units[i] as number), countedCost(call, i)));
  try {
    // What a region had when it was seen may be gone, which it then tells.
    for (let tries = 0; tries < 2 * regions.length + 2 && open().some((cost) => cost > 0); tries += 1) {
      const portions = portionsOf(round, open());
      // Whoever comes too late for the whole takes nothing from under whoever was first.
      if (!portions) break;
      await takeAll(round, given.length === 0 ? portions.slice(0, 1) : portions, given);
    }
    if (open().every((cost) => cost === 0)) return told(round, true, given);
  } catch (reason) {
    await givenBack(round, given, waitUntil);
    throw reason;
  }
  await givenBack(round, given, waitUntil);
  for (const { region, units } of given) hasBack(round, region, units);
  return told(round, false, []);
}

/** Counts what a region gets back as there again. */
function hasBack({ seen }: Round, region: number, units: readonly number[]): void {
  const { call, decision } = seen.get(region) as Seen;
  const policies = decision.policies.map((status, i) => ({
    ...status,
    remaining: status.remaining + (units[i] as number),
  }));
  seen.set(region, { call, decision: { ...decision, policies } });
}

/** Whether the regions that were seen have the cost between them. */
export function isThere(round: Round): boolean {
  const costs = round.call.costs.map((_cost, i) => countedCost(round.call, i));
  return portionsOf(round, costs) !== undefined;
}

/** What to take from which regions, from the first on; `undefined` if they don't have it. */
function portionsOf({ regions, seen }: Round, costs: readonly number[]): Portion[] | undefined {
  const open = [...costs];
  const portions = [...regions.keys()].flatMap((region) => {
    const policies = seen.get(region)?.decision.policies;
    const units = open.map((cost, i) => Math.min(cost, policies?.[i]?.remaining ?? 0));
    units.forEach((taken, i) => {
      open[i] = (open[i] as number) - taken;
    });
    return units.some((unit) => unit > 0) ? { region, units } : [];
  });
  return open.every((cost) => cost === 0) ? portions : undefined;
}

/** Takes all portions at the same time, and puts in `given` what was there; rejects, behind that, with the caller's own reason. */
async function takeAll(round: Round, portions: readonly Portion[], given: Given[]): Promise<void> {
  const tasks = portions.map(async ({ region, units }) => {
    const answer = await askRegion(round, region, { task: "consume", costs: units }, false);
    if (answer?.allowed) add(given, { region, at: answer.at, units });
    // It is not asked again. One that denied was seen while somebody may be about to give back, so that is not remembered.
    else if (!answer) round.seen.delete(region);
    else (round.regions[region] as Region).level.forget(round.call.place, timeOf(round.now));
  });
  const done = await Promise.allSettled(tasks);
  for (const one of done) if (one.status === "rejected") throw one.reason;
}

/** A region that gives twice counts by the earlier time: then no more goes back than may. */
function add(given: Given[], { region, at, units }: Given): void {
  const index = given.findIndex((part) => part.region === region);
  const before = given[index];
  if (!before) given.push({ region, at, units });
  else {
    const sum = units.map((unit, i) => unit + (before.units[i] as number));
    given[index] = { region, at: Math.min(at, before.at), units: sum };
  }
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
