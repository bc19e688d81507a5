import type { KnownDecision } from "../../core/decision.ts";
import type { WaitUntil } from "../../core/event.ts";
import { allSettled } from "../all-settled.ts";
import { timeOf } from "../time.ts";
import { lookAgain } from "./look.ts";
import { gateOf, type Portion, portionsOf } from "./portions.ts";
import { askRegion, ownCall, type Region, type Round, type Seen } from "./round.ts";
import { type Given, told } from "./told.ts";

/** How often what is missing is asked for, at the most. */
const MOST_TRIES = 8;

/**
 * Takes a cost that no region has alone from several: from each in proportion to what it had when it was seen, first from one (see `gateOf`), then
 * from the others at the same time. If it isn't there any more, all of it goes back.
 */
export async function gathered(round: Round, waitUntil: WaitUntil | undefined): Promise<KnownDecision> {
  const given: Given[] = [];
  const open = () => round.costs.map((cost, i) => given.reduce((open, { units }) => open - (units[i] as number), cost));
  // Where leases pause, they do whatever is there.
  const lookOnceMore = () => lookAgain(round, "store", "snapshot");
  let hasLooked = false;

  /** Takes the first part; tells whether there was something to take. */
  async function begin(): Promise<boolean> {
    const portions = portionsOf(round, open());
    if (!portions) return false;
    const gate = gateOf(round, portions);
    // Whoever took of the very first one may be on the way to the others, and has been there a round trip later.
    hasLooked = !gate.isSure && !hasLooked;
    await (hasLooked ? lookOnceMore() : takeAll(round, [gate], given));
    return true;
  }

  /** Takes what is missing; tells whether it was there. */
  async function goOn(gate: number): Promise<boolean> {
    const portions = () => portionsOf(round, open(), gate) ?? portionsOf(round, open());
    let next = portions();
    // What is held is better used a round trip later, when more may be there, than brought back.
    if (!next && !hasLooked) {
      hasLooked = true;
      await lookOnceMore();
      next = portions();
    }
    if (next) await takeAll(round, next, given);
    return next !== undefined;
  }

  try {
    let goesOn = true;
    for (let tries = 0; goesOn && tries < MOST_TRIES && open().some((cost) => cost > 0); tries += 1) {
      goesOn = await (given[0] ? goOn(given[0].region) : begin());
    }
    if (open().every((cost) => cost === 0)) return told(round, true, given);
  } catch (reason) {
    await givenBack(round, given, waitUntil);
    throw reason;
  }
  await givenBack(round, given, waitUntil);
  for (const part of given) hasBack(round, part);
  return told(round, false, []);
}

/** Counts what a region gets back as there again. */
function hasBack({ seen }: Round, { region, units }: Given): void {
  const before = seen.get(region) as Seen;
  const { decision } = before;
  const policies = decision.policies.map((status, i) => ({
    ...status,
    remaining: status.remaining + (units[i] as number),
  }));
  seen.set(region, { ...before, decision: { ...decision, policies } });
}

/** Takes all portions at the same time, and puts in `given` what was there; rejects, behind that, with the caller's own reason. */
async function takeAll(round: Round, portions: readonly Portion[], given: Given[]): Promise<void> {
  const tasks = portions.map(async ({ region, units }) => {
    const answer = await askRegion(round, region, { task: "consume", costs: units }, false);
    if (answer?.allowed) add(given, { region, at: answer.at, units });
    // It was seen while somebody may be about to give back, so that is not remembered. What is held of leases stays.
    else if (answer) forget(round, region);
  });
  await allSettled(tasks);
}

function forget({ call, regions, now }: Round, region: number): void {
  (regions[region] as Region).level.forget(call.place, timeOf(now), { ...call, takenAt: 0 });
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
