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
}

export const noRegionFigures = (): RegionFigures => ({
  admitted: 0,
  gathered: 0,
  denied: 0,
  back: 0,
  fallback: 0,
});

/** What a call took of a database at once, less what it gave back. */
interface Taking {
  readonly at: number;
  /** The number of the event. */
  readonly order: number;
  readonly units: readonly number[];
}

const unitsOf = (takings: readonly Taking[], policy: number) =>
  takings.reduce((sum, { units }) => sum + (units[policy] ?? 0), 0);

/** The first of `units`, each with the time when it was taken: who takes a second time takes later. */
function firstOf(takings: readonly Taking[], units: number): { at: number; order: number; units: number }[] {
  let open = units;
  return takings.flatMap(({ at, order, units }) => {
    const part = Math.min(open, units[0] ?? 0);
    open -= part;
    return part > 0 ? { at, order, units: part } : [];
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

/** Holds limiters that are split over databases to their whole limits. */
export function regionsJudge(figures = noRegionFigures()): Judge {
  const takings = new Map<number, Map<string, readonly Taking[]>>();
  /** Calls that a database has answered. */
  const heard = new Set<number>();
  const given = new Map<
    string,
    { readonly rule: LimiterRule; readonly list: (Admitted & { readonly order: number })[] }
  >();
  let events = 0;
  const checked = new Set<LimiterRule>();

  function give(rule: LimiterRule, key: string, admitted: Admitted & { readonly order: number }): void {
    const place = `${rule.database}/${key}`;
    const account = given.get(place) ?? { rule, list: [] };
    given.set(place, account);
    account.list.push(admitted);
  }

  /** What is wrong with an admission. */
  function admitted(call: CallMade, parts: Readonly<Record<string, { readonly units: readonly number[] }>>) {
    const own = takings.get(call.id);
    const sums = call.limiter.policies.map((_policy, i) =>
      Object.values(parts).reduce((sum, { units }) => sum + (units[i] ?? 0), 0),
    );
    if (sums.some((sum) => sum !== call.cost)) return `is said to have been given ${sums} for a cost of ${call.cost}`;
    for (const [region, { units }] of Object.entries(parts)) {
      const rule = call.limiter.regions?.find(({ database }) => database === region);
      if (!rule) return `was given something by ${region}, which has no part`;
      const taken = own?.get(region) ?? [];
      if (units.some((unit, i) => unit > unitsOf(taken, i))) {
        return `was given ${units} by ${region}, which took ${units.map((_unit, i) => unitsOf(taken, i))} for it`;
      }
      // What is lent is due later, which the judge of the definition holds it to. All policies of a call have the same cost, but what several give together may differ between them.
      if (units.every((unit) => unit === units[0])) {
        for (const part of firstOf(taken, units[0] ?? 0)) give(rule, call.key, { ...part, booked: call.waitMs > 0 });
      }
    }
    return undefined;
  }

  return {
    name: "regions",
    promise:
      "The parts of a limit add up to exactly that; what a call is given, its regions have taken for it, and what goes back, the same region; no more is given than each part's own definition allows by that database's time; and no call is let pass by failure mode once a database has answered it.",
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
        if (purpose === "take") own.set(database, [...before, { order: events, at: happening.now, units }]);
        else {
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
          rule,
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
    const wrong = admitted(call, parts);
    if (wrong) complain(`${call.key} ${wrong}`);
  }
}

/** Which parts don't add up to their whole. */
function wrongSum({ policies, regions = [] }: LimiterRule): string | undefined {
  for (const [i, { name, limit, burst }] of policies.entries()) {
    const sum = (number: (policy: PolicyRule) => number) =>
      regions.reduce((sum, { policies }) => sum + number(policies[i] as PolicyRule), 0);
    if (sum((policy) => policy.limit) !== limit || sum((policy) => policy.burst) !== burst) {
      return `the parts of ${name} do not add up to ${limit} and ${burst}`;
    }
  }
  return undefined;
}
