import type { Decision } from "../../../src/core/decision.ts";
import type { CallMade, Happening, LimiterRule, PolicyRule } from "../world/history.ts";
import type { Judge } from "./judge.ts";
import { type Admitted, excess } from "./leases.ts";

/** What happened in worlds of regions. */
export interface RegionFigures {
  admitted: number;
  /** Of these: from several regions at once. */
  gathered: number;
  denied: number;
  /** What was taken in vain, and went back. */
  back: number;
  /** Answers by failure mode. */
  fallback: number;
  /** Calls that were served from what their isolate had taken ahead. */
  ahead: number;
  /** Calls that a region has lent what they took, and those that cost policies differently. */
  lent: number;
  differing: number;
}

export const noRegionFigures = (): RegionFigures => ({
  admitted: 0,
  gathered: 0,
  denied: 0,
  back: 0,
  fallback: 0,
  ahead: 0,
  lent: 0,
  differing: 0,
});

/** What a call took of a database at once, less what it gave back. */
interface Taking {
  readonly at: number;
  /** The number of the event. */
  readonly order: number;
  readonly units: readonly number[];
  /** Whether its request asked for more than the call: it may be one behind an answer, whose units are for later calls. */
  readonly asksMore: boolean;
}

/** What was given of one policy, and the number of the event. */
type Given = Admitted & { readonly order: number };

/** What a call costs of each policy. */
const costsOf = ({ limiter, cost, costs }: CallMade) => limiter.policies.map(({ name }) => costs?.[name] ?? cost);

const unitsOf = (takings: readonly Taking[], policy: number) =>
  takings.reduce((sum, { units }) => sum + (units[policy] ?? 0), 0);

/** The first of `units` of one policy, each with the time when it was taken: who takes a second time takes later. */
function firstOf(takings: readonly Taking[], units: number, policy: number) {
  let open = units;
  return takings.flatMap(({ at, order, units }): Given[] => {
    const part = Math.min(open, units[policy] ?? 0);
    open -= part;
    return part > 0 ? [{ at, order, units: part, booked: false }] : [];
  });
}

/** What is left of them once the newest of `units` went back. */
function withoutNewest(takings: readonly Taking[], units: readonly number[]): Taking[] {
  const open = [...units];
  return takings
    .toReversed()
    .map((taking) => {
      const left = taking.units.map((unit, i) => {
        const back = Math.min(unit, open[i] ?? 0);
        open[i] = (open[i] ?? 0) - back;
        return unit - back;
      });
      return { ...taking, units: left };
    })
    .toReversed();
}

/** What a region may give in any span, where isolates spend what they took for up to `maxMs`. */
function within(rule: LimiterRule): LimiterRule {
  const maxMs = rule.leases?.maxMs ?? 0;
  const policies = rule.policies.map((policy) => {
    return policy.kind === "bucket"
      ? { ...policy, burst: policy.burst + (policy.limit * maxMs) / policy.windowMs }
      : policy;
  });
  return { ...rule, policies };
}

/** Holds limiters that are split over databases to their whole limits. `databaseNow`: the clock of a database. */
export function regionsJudge(databaseNow: (database: string) => number, figures = noRegionFigures()): Judge {
  /** By isolate, region and key, where isolates take ahead: units of the first policy that it took and has not spent. */
  const held = new Map<string, number>();
  const takings = new Map<number, Map<string, readonly Taking[]>>();
  /** Calls that a database has answered. */
  const heard = new Set<number>();
  const given = new Map<string, { readonly rule: LimiterRule; readonly list: Given[] }>();
  let events = 0;
  const checked = new Set<LimiterRule>();

  function give(rule: LimiterRule, policy: number, key: string, list: readonly Given[]): void {
    const own = { ...rule, policies: rule.policies.slice(policy, policy + 1) };
    const place = `${rule.database}/${key}/${own.policies[0]?.name}`;
    const account = given.get(place) ?? { rule: own, list: [] };
    given.set(place, account);
    account.list.push(...list);
  }

  /** Counts what an isolate has got, or spent; tells whether it has spent more than it took. */
  function hold({ limiter, isolate, key }: CallMade, region: string, units: number): boolean {
    if (!limiter.leases) return true;
    const place = `${isolate}/${region}/${key}`;
    const left = (held.get(place) ?? 0) + units;
    held.set(place, left);
    return left >= 0;
  }

  /** What is wrong with an admission from what an isolate may have taken ahead, by one region or several. */
  function spent(
    call: CallMade,
    rule: LimiterRule,
    units: readonly number[],
    { source, delayMs }: Decision,
    isWhole: boolean,
  ) {
    const region = rule.database;
    if (!hold(call, region, -(units[0] ?? 0))) return `was given ${units} by ${region}, of which its isolate had less`;
    const taken = takings.get(call.id)?.get(region) ?? [];
    if (isWhole && source === "lease") {
      const now = { at: databaseNow(region), order: events, booked: false };
      for (const [i, unit] of units.entries()) give(rule, i, call.key, [{ ...now, units: unit }]);
    }
    // Of several it is not known when each was spent, where one may be from what was held.
    else if (isWhole || !taken.some(({ asksMore }) => asksMore)) giveParts(call, rule, units, taken, delayMs);
    return undefined;
  }

  function giveParts(
    call: CallMade,
    rule: LimiterRule,
    units: readonly number[],
    taken: readonly Taking[],
    delayMs: number,
  ): void {
    // A waiter is not told what it was lent, and several policies may lend for different times. Where nothing is taken ahead, the judge of the definition holds all to that.
    const isTold = call.operation === "consume" && rule.policies.length === 1;
    const isDated = call.waitMs === 0 || (call.limiter.leases !== undefined && isTold);
    for (const [i, unit] of units.entries()) {
      const parts = firstOf(taken, unit, i);
      give(
        rule,
        i,
        call.key,
        parts.map((part) => ({ ...part, booked: !isDated, dueAt: part.at + (isDated ? delayMs : 0) })),
      );
    }
  }

  /** What is wrong with an admission. */
  function admitted(
    call: CallMade,
    parts: Readonly<Record<string, { readonly units: readonly number[] }>>,
    decision: Decision,
  ) {
    const own = takings.get(call.id);
    const sums = call.limiter.policies.map((_policy, i) =>
      Object.values(parts).reduce((sum, { units }) => sum + (units[i] ?? 0), 0),
    );
    const costs = costsOf(call);
    if (sums.some((sum, i) => sum !== costs[i])) return `is said to have been given ${sums} for a cost of ${costs}`;
    for (const [region, { units }] of Object.entries(parts)) {
      const rule = call.limiter.regions?.find(({ database }) => database === region);
      if (!rule) return `was given something by ${region}, which has no part`;
      if (call.limiter.leases) {
        const wrong = spent(call, rule, units, decision, Object.keys(parts).length === 1);
        if (wrong) return wrong;
        continue;
      }
      const taken = own?.get(region) ?? [];
      if (units.some((unit, i) => unit > unitsOf(taken, i))) {
        return `was given ${units} by ${region}, which took ${units.map((_unit, i) => unitsOf(taken, i))} for it`;
      }
      giveParts(call, rule, units, taken, decision.delayMs);
    }
    return undefined;
  }

  return {
    name: "regions",
    promise:
      "The parts of a limit add up to exactly that; what a call is given, its regions have taken for it, and what goes back, the same region; no more is given than each part's own definition allows by that database's time; and no call is let pass by failure mode once a database has answered it. Where isolates take ahead, each spends no more of a region than it took there, and no region's units are spent faster, by its database's time, than its part and its part of what refills in `maxMs` allow, where what it lends counts when it is due.",
    see(happening, { rulings, complain }) {
      events += 1;
      if (happening.type === "called" && !checked.has(happening.call.limiter)) {
        checked.add(happening.call.limiter);
        const wrong = wrongSum(happening.call.limiter);
        if (wrong) complain(wrong);
      }
      for (const { call, account, step, purpose, units } of rulings) {
        if (!step.allowed || happening.type !== "executed" || (purpose !== "take" && purpose !== "leave")) continue;
        const own = takings.get(call.id) ?? new Map<string, readonly Taking[]>();
        takings.set(call.id, own);
        const { database } = account.rule;
        const before = own.get(database) ?? [];
        const { lease } = step;
        if (purpose === "take") {
          const asksMore = lease !== undefined;
          own.set(database, [...before, { order: events, at: happening.now, units, asksMore }]);
          hold(call, database, (units[0] ?? 0) + (lease?.granted ?? 0) - (lease?.back ?? 0));
        } else if (call.limiter.leases) {
          figures.back += 1;
          if (!hold(call, database, -(units[0] ?? 0)))
            complain(`${database} got ${units} back of ${call.key}, of which its isolate had less`);
        } else {
          figures.back += 1;
          if (units.some((unit, i) => unit > unitsOf(before, i))) {
            complain(
              `${database} got ${units} back of ${call.key}, and took ${units.map((_unit, i) => unitsOf(before, i))}`,
            );
          }
          own.set(database, withoutNewest(before, units));
        }
      }
      if (happening.type === "replied" && !happening.failed) heard.add(happening.call.id);
      if (happening.type === "answered") answered(happening, complain);
      if (happening.type !== "ended") return;
      for (const [place, { rule, list }] of given) {
        const wrong = excess(
          within(rule),
          list.toSorted((a, b) => a.order - b.order),
        );
        if (wrong) complain(`${place} was given ${wrong}`);
      }
    },
  };

  function answered(
    { call, decision }: Extract<Happening, { type: "answered" }>,
    complain: (text: string) => void,
  ): void {
    if (!decision || (call.operation !== "consume" && call.operation !== "wait")) return;
    const { source } = decision;
    if (source === "fallback" || source === "memory") {
      figures.fallback += 1;
      // A wait asks again and again.
      if (heard.has(call.id) && call.operation === "consume") {
        complain(`${call.key} got an answer by failure mode although a database had answered`);
      }
      return;
    }
    if (source === "rule") return;
    if (!decision.allowed) {
      figures.denied += 1;
      return;
    }
    const parts = decision.regions ?? {};
    figures.admitted += 1;
    if (Object.keys(parts).length > 1) figures.gathered += 1;
    if (source === "lease") figures.ahead += 1;
    if (decision.delayMs > 0) figures.lent += 1;
    if (new Set(costsOf(call)).size > 1) figures.differing += 1;
    const wrong = admitted(call, parts, decision);
    if (wrong) complain(`${call.key} ${wrong}`);
  }
}

/** Which parts don't add up to their whole. */
function wrongSum({ policies, regions = [], leases }: LimiterRule): string | undefined {
  for (const [i, { name, kind, limit, windowMs, burst: whole }] of policies.entries()) {
    const refill = kind === "bucket" ? Math.ceil((limit * (leases?.maxMs ?? 0)) / windowMs) : 0;
    const burst = whole - refill;
    const sum = (number: (policy: PolicyRule) => number) =>
      regions.reduce((sum, { policies }) => sum + number(policies[i] as PolicyRule), 0);
    if (sum((policy) => policy.limit) !== limit || sum((policy) => policy.burst) !== burst) {
      return `the parts of ${name} do not add up to ${limit} and ${burst}`;
    }
  }
  return undefined;
}
