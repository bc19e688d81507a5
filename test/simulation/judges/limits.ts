import type { Decision } from "../../../src/core/decision.ts";
import type { CallMade, Happening, PolicyRule } from "../world/history.ts";
import type { Ruling } from "./accounts.ts";
import type { Judge } from "./judge.ts";
import { type Level, levelsOf } from "./levels.ts";
import { ceilingOf, policiesInForce } from "./limits-in-force.ts";
import { createReadings } from "./readings.ts";

export interface LimitFigures {
  /** Answers that told of a limit which a rule had raised, or lowered, or set to 0. */
  raised: number;
  lowered: number;
  closed: number;
  /** Steps on a key of which something was in use when its limit changed. */
  changedInUse: number;
}

export const noLimitFigures = (): LimitFigures => ({ raised: 0, lowered: 0, closed: 0, changedInUse: 0 });

type Limits = readonly { readonly name: string; readonly limit: number; readonly burst: number }[];
type Told = {
  readonly policies?: readonly { readonly policy: string; readonly limit: number; readonly burst: number }[];
};
type Answered = Extract<Happening, { type: "answered" }>;
type Lists = readonly (readonly PolicyRule[])[];

const textOf = (policies: Limits) =>
  policies.map(({ name, limit, burst }) => `${name} ${limit}${limit > 0 ? `, at most ${burst}` : ""}`).join(" and ");

/** What is counted under changed limits is for the judges of definitions and numbers. */
export function limitsJudge(figures = noLimitFigures()): Judge {
  const readings = createReadings();
  /** By limiter and key: the limits of the last step. */
  const before = new Map<string, string>();
  /** By isolate, limiter and key: under which limits units were taken ahead that the isolate has heard of, and when it did last. */
  const ahead = new Map<string, Map<string, number>>();
  /** By call: what it took ahead, by the same places. */
  const granted = new Map<number, Map<string, string>>();
  /** Calls with an answer, whose request takes their own units ahead, too. */
  const over = new Set<number>();

  const placeOf = (call: CallMade, { rule, key }: Level) => `${call.isolate}/${rule.name}/${key}`;

  /** What is wrong with the limits that a step was given. */
  function wrongStep({ call, step, purpose, account: { rule }, key, policies, remaining }: Ruling, inForce: Lists) {
    const limits = textOf(policies);
    const place = `${rule.name}/${key}`;
    const last = before.get(place);
    const isInUse = policies.some(
      ({ kind, limit, burst }, i) => (remaining[i] ?? 0) < (kind === "bucket" ? burst : limit),
    );
    if (last !== undefined && last !== limits && isInUse) figures.changedInUse += 1;
    if (step.wrote) before.set(place, limits);
    if (purpose !== "take" && purpose !== "look") return undefined;
    const ceilings = step.ceilings.map((ceiling) => (ceiling < 0 ? -1 - ceiling : ceiling));
    const due = inForce.map((list) => list.map(ceilingOf).join());
    if (due.includes(ceilings.join())) return undefined;
    return `${call.operation} on ${key} was let use ${ceilings} at the most, where the rules that its isolate has read say ${inForce.map(textOf).join(" or ")}, which is ${due.join(" or ")}`;
  }

  /** What is wrong with the limits that an answer tells of one of its limiters. */
  function wrongTold({ call, at }: Answered, level: Level, decision: Decision, told: Told, inForce: Lists) {
    if (!told.policies) return undefined;
    const { policies: plain } = level.rule;
    const own = told.policies.map(({ policy: name, limit, burst }) => ({ name, limit, burst }));
    const lists = inForce.map((list) => list.filter(({ name }) => own.some((one) => one.name === name)));
    const { source } = decision;
    if (!lists.map(textOf).includes(textOf(own)))
      return `${call.operation} on ${level.key} was told by ${source} of ${textOf(own)}, where the rules that its isolate has read say ${inForce.map(textOf).join(" or ")}`;
    for (const { name, limit } of own) {
      const usual = plain.find((policy) => policy.name === name)?.limit ?? 0;
      if (limit > usual) figures.raised += 1;
      if (limit < usual && limit > 0) figures.lowered += 1;
      if (limit === 0) figures.closed += 1;
      const asks = call.cost > 0 && call.operation !== "charge";
      if (limit === 0 && asks && decision.allowed) return `${level.key} was let pass by ${source} under a limit of 0`;
      if (limit === 0 && asks && source === "store") return `${level.key} asked the store under a limit of 0`;
    }
    if (source !== "lease" || !decision.allowed) return undefined;
    const heardAt = lists.map((list) => ahead.get(placeOf(call, level))?.get(textOf(list)) ?? -Infinity);
    if (Math.max(...heardAt) >= at - (level.rule.leases?.maxMs ?? 0)) return undefined;
    return `${level.key} was served from a lease, and none was taken lately under ${inForce.map(textOf).join(" or ")}`;
  }

  function heard({ call, at }: Extract<Happening, { type: "replied" }>): void {
    for (const [place, limits] of granted.get(call.id) ?? []) {
      ahead.set(place, (ahead.get(place) ?? new Map<string, number>()).set(limits, at));
    }
  }

  function answered(happening: Answered): string | undefined {
    const { call, decision, at } = happening;
    if (!decision || decision.source === "fallback" || decision.source === "rule") return undefined;
    const parts = "parts" in decision ? (decision.parts as Readonly<Record<string, Told | undefined>>) : undefined;
    for (const level of levelsOf(call)) {
      const told = parts ? parts[level.rule.name] : (decision as Told);
      const wrong = told && wrongTold(happening, level, decision, told, policiesInForce(readings, call, level, at));
      if (wrong) return wrong;
    }
    return undefined;
  }

  return {
    name: "limits",
    promise:
      "A call goes by the limits that say the rules which its isolate has read when it asks, and by no others: the database is asked for these, and the answer tells of these. Under a limit of 0 all that costs anything is denied, and nobody is asked. What was taken ahead under other limits is spent no more.",
    see(happening, { rulings, complain }) {
      readings.see(happening);
      for (const ruling of rulings) {
        const level = { rule: ruling.account.rule, key: ruling.key };
        const inForce = policiesInForce(readings, ruling.call, level, happening.at);
        const wrong = wrongStep(ruling, inForce);
        if (wrong) complain(wrong);
        const { lease } = ruling.step;
        if (!lease?.granted && !(lease?.own && over.has(ruling.call.id))) continue;
        const own = granted.get(ruling.call.id) ?? new Map<string, string>();
        granted.set(ruling.call.id, own.set(placeOf(ruling.call, level), textOf(ruling.policies)));
      }
      if (happening.type === "replied" && !happening.failed) heard(happening);
      if (happening.type === "answered") over.add(happening.call.id);
      const wrong = happening.type === "answered" && readings.begun(happening.call) && answered(happening);
      if (wrong) complain(wrong);
    },
  };
}
