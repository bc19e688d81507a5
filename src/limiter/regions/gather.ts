import { step } from "../../algorithm/step.ts";
import type { KnownDecision } from "../../core/decision.ts";
import type { WaitUntil } from "../../core/event.ts";
import { allSettled } from "../all-settled.ts";
import { demandsOf } from "../call.ts";
import { timeOf } from "../time.ts";
import { lookAgain, lookAt } from "./look.ts";
import { gateOf, type Portion, portionsOf } from "./portions.ts";
import { askRegion, ownCall, type Region, type Round, type Seen } from "./round.ts";
import { type Given, told } from "./told.ts";

/** How often what is missing is asked for, at the most. */
const MOST_TRIES = 8;

/**
 * Takes a cost that no region has alone from several: first from one (see `gateOf`), then from the others at the same time (see `portionsOf`). If it isn't
 * there any more, all of it goes back. With `first` that is taken while the others are looked at; `undefined` if nobody answered that.
 */
export async function gathered(
  round: Round,
  waitUntil: WaitUntil | undefined,
  first?: Portion,
): Promise<KnownDecision | undefined> {
  const given: Given[] = [];
  const open = () => round.costs.map((cost, i) => given.reduce((open, { units }) => open - (units[i] as number), cost));
  const isMissing = () => open().some((cost) => cost > 0);
  // How often all are looked at again before each try. What one region could give alone may be there for the next call.
  const mostLooks = round.able.length ? 1 : 2;
  let tries = 0;
  let looks = 0;

  /** Takes what is missing, or looks again; tells whether that was any use. */
  async function goOn(): Promise<boolean> {
    const holder = given[0]?.region;
    const portions = portionsOf(round, open(), holder) ?? portionsOf(round, open());
    if (!portions && holder === undefined) return false;
    const gate = portions && holder === undefined ? gateOf(round, portions) : undefined;
    // Whoever took of the very first one may be on the way to the others. And what is held is better used a round trip later, when more may be
    // there, than brought back.
    if (looks < mostLooks && (gate ? !gate.isSure : !portions)) {
      looks += 1;
      // Where leases pause, they do whatever is there.
      await lookAgain(round, "store", "snapshot");
      return true;
    }
    looks = 0;
    tries += 1;
    if (portions) await takeAll(round, gate ? [gate] : portions, given);
    return portions !== undefined;
  }

  try {
    if (first) {
      const others = round.order.filter((region) => region !== first.region);
      await allSettled([take(round, first, given), lookAt(round, others, "look")]);
      if (round.seen.size === 0) return undefined;
    }
    while (tries < MOST_TRIES && isMissing() && (await goOn()));
    if (!isMissing()) return told(round, true, given);
  } finally {
    if (isMissing()) await givenBack(round, given, waitUntil);
  }
  for (const part of given) hasBack(round, part);
  return told(round, false, []);
}

/** Counts what a region gets back as there again; leases tell nothing of their store. */
function hasBack({ regions, seen }: Round, { region, at, units }: Given): void {
  const { call, decision, isAsked } = seen.get(region) as Seen;
  if (!call.state) return;
  const { level } = regions[region] as Region;
  const refund = demandsOf(level.program, { ...call, costs: units, takenAt: at }, "refund", decision.at);
  const own = { ...call, state: step(level.program.algorithms, call.state, decision.at, refund).state };
  const back = level.decide(own, { allowed: false, state: own.state }, 0, decision.source) as KnownDecision;
  seen.set(region, { call: own, decision: back, isAsked });
}

/** Takes all portions at the same time; rejects, behind that, with the caller's own reason. */
async function takeAll(round: Round, portions: readonly Portion[], given: Given[]): Promise<void> {
  const tasks = portions.map(async (portion) => {
    // A denial was seen while somebody may be about to give back, so that is not remembered. What is held of leases stays.
    if ((await take(round, portion, given)) === false) forget(round, portion.region);
  });
  await allSettled(tasks);
}

/** Takes a portion, and puts it in `given` if it was there; tells whether it was, `undefined` if nobody answered. */
async function take(round: Round, { region, units }: Portion, given: Given[]): Promise<boolean | undefined> {
  const answer = await askRegion(round, region, { task: "consume", costs: units }, false);
  if (answer?.allowed) add(given, { region, at: answer.at, units });
  return answer?.allowed;
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
  round.budget.passed(0);
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
